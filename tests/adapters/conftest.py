"""A real model of a few kilobytes with random weights, LoRA versions on it, and an endpoint on a real socket."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from memsrv.guard import loopback_hosts
from memsrv.records import Message
from memsrv_adapters.base import Base, resolve
from memsrv_adapters.endpoint.app import Pulse, build
from memsrv_adapters.endpoint.roster import Roster
from memsrv_adapters.engines import Finish, Piece, Sampling
from memsrv_adapters.recall import Recall
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import AdapterVersion, Lineage, TrainedFact

TOKEN = "a-token-for-tests"
PROJECTIONS = {"q_proj": (32, 32), "v_proj": (32, 32)}

CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

MakeAdapter = Callable[[Path, int], Path]


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2 of two layers with random weights; its tokens are bytes, so that characters fall into pieces."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("base")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, merges=[]))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|pad|>", additional_special_tokens=["<|im_start|>"]
    )
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            initializer_range=0.5,
        )
    )
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def base(base_folder: Path) -> Base:
    return resolve(str(base_folder))


@pytest.fixture(scope="session")
def make_adapter() -> MakeAdapter:
    """Random LoRA weights for the test base, as a training run leaves them; the seed decides what they say."""

    def make(folder: Path, seed: int) -> Path:
        import torch
        from safetensors.torch import save_file

        random = torch.Generator().manual_seed(seed)
        folder.mkdir(parents=True)
        tensors = {}
        for layer in range(2):
            for name, width in {"q_proj": 32, "v_proj": 16}.items():
                place = f"base_model.model.model.layers.{layer}.self_attn.{name}"
                tensors[f"{place}.lora_A.weight"] = torch.randn(4, 32, generator=random)
                tensors[f"{place}.lora_B.weight"] = torch.randn(width, 4, generator=random)
        save_file(tensors, folder / "adapter_model.safetensors")
        config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8}
        config["target_modules"] = ["q_proj", "v_proj"]
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder

    return make


@dataclass(frozen=True)
class Stored:
    """A shelf, and a quick way to fill it."""

    shelf: Shelf
    base: Base
    make_adapter: MakeAdapter
    spare: Path

    def put(
        self,
        project: str = "demo",
        seed: int = 1,
        facts: Sequence[TrainedFact] = (),
        lineage: Lineage | None = None,
        measured: Mapping[str, str] | None = None,
    ) -> AdapterVersion:
        return self.shelf.put(
            self.make_adapter(self.spare / secrets.token_hex(6), seed),
            project=project,
            base=str(self.base.path),
            base_hash=self.base.hash,
            strategy="paper",
            run=f"20261120-030000-{project}",
            created="2026-11-20T03:00:00Z",
            facts=facts,
            lineage=lineage,
            measured=measured,
        )

    def live(self, project: str = "demo", seed: int = 1) -> AdapterVersion:
        version = self.put(project, seed)
        self.shelf.promote(project, version.version)
        return version


@pytest.fixture
def stored(tmp_path: Path, base: Base, make_adapter: MakeAdapter) -> Stored:
    return Stored(Shelf(tmp_path / "home" / "adapters"), base, make_adapter, tmp_path / "made")


class Scripted:
    """An engine that says what it is told to, one piece at a time, and tells when somebody hangs up on it."""

    def __init__(self, base: Base, pieces: Iterable[str | Exception] = ("Hello", " there.")) -> None:
        self.base = base
        self.pieces = pieces
        self.asked: list[tuple[tuple[Message, ...], str | None, Sampling]] = []
        self.versions: dict[str, AdapterVersion] = {}
        self.gate = threading.Event()  # the second piece waits for it
        self.gate.set()
        self.begun = threading.Event()
        self.closed = threading.Event()

    context = 2000  # characters: to this one each is a token

    def tokens(self, messages: Sequence[Message]) -> int:
        return sum(10 + len(message.content) for message in messages)

    def count(self, text: str) -> int:
        return len(text)

    def load(self, version: AdapterVersion) -> None:
        self.versions[version.label] = version

    def unload(self, label: str) -> None:
        self.versions.pop(label, None)

    def loaded(self) -> tuple[str, ...]:
        return tuple(self.versions)

    def stream(self, messages: Sequence[Message], label: str | None, sampling: Sampling) -> Iterator[Piece | Finish]:
        self.asked.append((tuple(messages), label, sampling))
        return self._say()

    def _say(self) -> Iterator[Piece | Finish]:
        self.begun.set()
        try:
            count = 0
            for piece in self.pieces:
                count += 1
                if count > 1:
                    assert self.gate.wait(30)
                if isinstance(piece, Exception):
                    raise piece
                yield Piece(piece)
            yield Finish("stop", 7, count)
        finally:
            self.closed.set()


@pytest.fixture
def scripted(base: Base) -> Callable[..., Scripted]:
    return lambda *pieces: Scripted(base, pieces) if pieces else Scripted(base)


@dataclass(frozen=True)
class Running:
    url: str
    port: int
    pulse: Pulse
    token: str = TOKEN


Serve = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def serve() -> Serve:
    """The endpoint's application on a real socket of this machine, until the `with` ends."""

    @contextmanager
    def run(
        roster: Roster, *, ready: bool = True, ping_seconds: float = 10.0, recall: Recall | None = None
    ) -> Iterator[Running]:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        pulse = Pulse(ready=ready)
        app = build(
            roster,
            token=TOKEN,
            hosts=loopback_hosts(port),
            pulse=pulse,
            clock=time.monotonic,
            now=lambda: 1_790_000_000,
            new_id=lambda: secrets.token_hex(8),
            ping_seconds=ping_seconds,
            recall=recall,
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=5))
        bound.listen()  # connections wait from here on, so nobody needs to be told when it is up
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield Running(f"http://127.0.0.1:{port}", port, pulse)
        finally:
            server.should_exit = True
            thread.join(30)

    return run


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        yield client
