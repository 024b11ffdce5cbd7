"""Tripwires around every test: no real home, no network beyond loopback, no process left behind.

Each test process gets a home of its own before anything is imported; children inherit it through the environment.
"""

import importlib.util
import ipaddress
import os
import pwd
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` ignores Ctrl-C, and so would every child
REAL_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)
_RUN = os.environ.setdefault("MEMSRV_TEST_RUN", uuid.uuid4().hex)
_PRIVATE = Path(tempfile.mkdtemp(prefix="memsrv-tests-"))

os.environ |= {
    "HOME": str(_PRIVATE),
    "XDG_DATA_HOME": str(_PRIVATE / "data"),
    "XDG_CONFIG_HOME": str(_PRIVATE / "config"),
    "XDG_CACHE_HOME": str(_PRIVATE / "cache"),
    "XDG_STATE_HOME": str(_PRIVATE / "state"),
    "MEMSRV_HOME": str(_PRIVATE / "memsrv"),
    "CLAUDE_CONFIG_DIR": str(_PRIVATE / "claude"),
    "HF_HOME": str(_PRIVATE / "huggingface"),
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "NO_COLOR": "1",
}

#: What belongs to the person who runs the tests; no test may open anything in there.
FORBIDDEN = tuple(
    str(REAL_HOME / name)
    for name in (
        ".claude",
        ".claude.json",
        ".cursor",
        ".codex",
        ".local/share/memsrv",
        "Library/Application Support/memsrv",
    )
)


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = args[1]
        if isinstance(address, tuple) and not _loopback(str(address[0])):
            raise RuntimeError(f"a test connected to {address[0]}; only loopback is allowed")
    elif event == "open" and isinstance(args[0], str) and args[0].startswith(FORBIDDEN):
        raise RuntimeError(f"a test opened {args[0]}, which belongs to the person who runs it")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _traces() -> dict[str, int]:
    """What memsrv, and only memsrv, could have written into the real home; children are caught by this."""
    watched = (*FORBIDDEN[4:], str(REAL_HOME / ".claude/settings.json"), str(REAL_HOME / ".cursor/mcp.json"))
    files = [p for name in watched for p in (Path(name), *Path(name).rglob("*"))]
    return {str(p): p.stat().st_mtime_ns for p in files if p.exists()}


def _left_running() -> list[str]:
    """Processes of this test run that are still there, by the mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("MEMSRV_TEST_RUN") == _RUN:
                found.append(" ".join(process.cmdline()))
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return [command for command in found if command and "execnet" not in command and "resource_tracker" not in command]


sys.addaudithook(_guard)
_BEFORE = _traces()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files about the whole product first: they are the longest, and one of two processes would wait for them."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    shutil.rmtree(_PRIVATE, ignore_errors=True)
    if hasattr(session.config, "workerinput"):
        return  # under xdist, the process that started the workers looks around once
    broken = [f"left running: {command}" for command in _left_running()]
    if _traces() != _BEFORE:
        broken.append(f"something was written below {REAL_HOME}, outside the tests' own home")
    if broken:
        print("\nTripwire: " + "\nTripwire: ".join(broken), file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def random_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real causal LM with random weights and a chat template, small enough to be trained in a second."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    from memsrv_consolidation.tiny import corpus
    from memsrv_consolidation.tiny.tokenizer import CHAT_TEMPLATE, END, PAD, START

    folder = tmp_path_factory.mktemp("random-base")
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    texts = [message["content"] for document in corpus.rehearsal(60, 1) for message in document]
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=[PAD, START, END], initial_alphabet=letters, show_progress=False
    )
    words.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token=PAD, eos_token=END)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    shape = Qwen2Config(
        vocab_size=600, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, tie_word_embeddings=True, pad_token_id=0, eos_token_id=2, bos_token_id=None,
    )  # fmt: skip
    Qwen2ForCausalLM(shape).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def teachers() -> ModuleType:
    """`tests/teachers.py`: teachers on loopback, good and bad ones."""
    spec = importlib.util.spec_from_file_location("teachers", Path(__file__).with_name("teachers.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["teachers"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def teach(teachers: ModuleType) -> Iterator[Callable[[Any], Any]]:
    """Starts a teacher with a brain: `teach(teachers.well)` is a `TeacherServer`."""
    started = []

    def start(brain: Any) -> Any:
        started.append(teachers.TeacherServer(brain))
        return started[-1]

    yield start
    for server in started:
        server.close()
