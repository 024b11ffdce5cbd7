"""The environment: its only reader. Where home is, what it moves of what agents write, and what a child may know of it.

`MEMSRV_HOME` moves everything memsrv keeps; unset, it is platformdirs' user data folder. Knows no knob: a timer's
process and a server have the same settings, and another environment.
"""

import os
from pathlib import Path

import platformdirs

from memsrv.home import Home


def open_home(root: Path | None = None) -> Home:
    """`root`, else `MEMSRV_HOME`, else the platform's user data folder."""
    if root is None:
        named = os.environ.get("MEMSRV_HOME")
        root = Path(named) if named else platformdirs.user_data_path("memsrv", appauthor=False)
    return Home(root.expanduser().absolute())


#: Variables that move what agents write, as their sources honour them, or what models are taken from. A timer's process
#: would not know them. (`APPDATA` it knows.)
MOVING = (
    "CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "CLINE_DIR", "CLINE_DATA_DIR", "CLINE_SESSION_DATA_DIR",
    "CONTINUE_GLOBAL_DIR", "GEMINI_CLI_HOME", "PI_CODING_AGENT_DIR", "VSCODE_PORTABLE", "AIDER_CHAT_HISTORY_FILE",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HF_HOME",
)  # fmt: skip
#: One that is relative is so to each project, and moves nothing.
_IN_EACH_PROJECT = ("AIDER_CHAT_HISTORY_FILE",)


def moved(home: Home) -> dict[str, str]:
    """What the environment moved, absolute: to be told to a process that starts without it."""
    found = {"MEMSRV_HOME": str(home.root)} if "MEMSRV_HOME" in os.environ else {}
    named = {name: Path(value) for name in MOVING if (value := os.environ.get(name))}
    return found | {
        name: str(path.absolute()) for name, path in named.items() if path.is_absolute() or name not in _IN_EACH_PROJECT
    }


def set_for_libraries(threads: int, every_gpu: bool = False) -> None:
    """What the training and serving libraries of this process must find in the environment before they are imported.

    Threads as given, nothing reported to anybody (trl would send telemetry), no progress bars in logs. The first GPU,
    but for who can train on `every_gpu`.
    """
    if not every_gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    os.environ.update(
        OMP_NUM_THREADS=str(threads),
        MKL_NUM_THREADS=str(threads),
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    )


def set_for_rank(rank: int, processes: int, interface: str) -> None:
    """What accelerate must find to know that this process trains with others, to whom it speaks over `interface`."""
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(processes),
        LOCAL_WORLD_SIZE=str(processes),
        GLOO_SOCKET_IFNAME=interface,
        NCCL_SOCKET_IFNAME=interface,
    )


def keep_offline(code: bool) -> None:
    """Let no library of this process download anything; `code`: let its measures run what a model wrote."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_EVALUATE_OFFLINE="1")
    if code:
        os.environ["HF_ALLOW_CODE_EVAL"] = "1"


#: What a process that memsrv starts may know of the environment: where things are, and how the machine is set up.
_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP", "SHELL", "VIRTUAL_ENV",
    "SYSTEMROOT", "SYSTEMDRIVE", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "COMSPEC", "PATHEXT",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "NO_COLOR", "DO_NOT_TRACK", "WINDIR", *MOVING,
)  # fmt: skip
_PASSED_ON_FAMILIES = ("LC_", "XDG_", "MEMSRV_", "HF_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "PYTORCH_", "TOKENIZERS_")
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "KEY")


def child_environment() -> dict[str, str]:
    """The environment for a process of ours: an allow-list, so that no key of the user's reaches it by accident."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON
        or (name.startswith(_PASSED_ON_FAMILIES) and not any(word in name for word in _SECRET_WORDS))
    }


def key_name(teacher: str) -> str:
    """The variable that holds the user's key for a teacher; "" for one that needs none."""
    return {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}.get(teacher, "")


def api_key(teacher: str) -> str | None:
    """The user's key for a teacher; memsrv never writes it anywhere."""
    return os.environ.get(key_name(teacher))
