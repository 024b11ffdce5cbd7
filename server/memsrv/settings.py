"""Settings: the only reader of the environment and of `config.toml`. What a user changed is written by `memsrv.config`.

`MEMSRV_HOME` moves everything memsrv keeps; unset, it is platformdirs' user data folder.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from memsrv.errors import UsageError
from memsrv.home import Home


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Allowed(_Section):
    """What one project, or one source, may be used for; unset, what `UNSAID` says."""

    capture: bool | None = Field(None, description="Read its logs. Default: yes.")
    recall: bool | None = Field(None, description="Give it back to people and agents. Default: yes.")
    train: bool | None = Field(
        None, description="Train on it. Default of a project: no, until you are asked; of a source: yes."
    )


class Agent(Allowed):
    """What one agent's logs may be used for, and where else they are: a timer knows no environment of yours."""

    folders: tuple[str, ...] = Field((), description="More folders that hold its logs, beside those it is known for.")


#: What holds for a project, and for a source, about which nobody said anything (design §4).
UNSAID: Mapping[str, Mapping[str, bool]] = {
    "projects": {"capture": True, "recall": True, "train": False},
    "sources": {"capture": True, "recall": True, "train": True},
}


class Teacher(_Section):
    """Who helps the rules to reflect and to synthesise. `rules` alone spends nothing and sends nothing."""

    name: Literal["rules", "anthropic", "openai", "local"] = Field(
        "rules",
        description="`rules`: nobody. `anthropic`: the Anthropic API. `openai`: any OpenAI-compatible server at "
        "`teacher.url`. `local`: your base model, at memsrv's own endpoint.",
    )
    model: str = Field("", description="The teacher's model, by the name that its server knows.")
    url: str = Field("", description="Base URL of the server; unset, the one that its client knows.")
    tokens_per_day: int = Field(200_000, ge=0, description="Nothing is sent beyond so many tokens a day (UTC).")
    usd_per_day: float = Field(1.0, ge=0, description="Nothing is sent beyond so many US dollars a day (UTC).")
    usd_per_million_input: float | None = Field(
        None, ge=0, description="Price of the model; a teacher outside this machine needs both prices."
    )
    usd_per_million_output: float | None = Field(None, ge=0, description="Price of the model's answers.")
    timeout_s: float = Field(120, gt=0, description="Seconds that one answer may take.")


class Watching(_Section):
    enabled: bool = Field(True, description="`memsrv serve` watches the logs while it runs.")
    rescan_seconds: float = Field(30, gt=0, description="File events are hints; so often every log is looked at.")
    quiet_seconds: float = Field(5, ge=0, description="A session is made into memories once it is quiet so long.")
    backfill_mib: int = Field(
        200, ge=0, description="So much of what was written before is read without asking; `memsrv ingest` asks."
    )


class Nightly(_Section):
    hours: str = Field(
        "00:00-07:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$",
        description="Local time in which a consolidation may start by itself, as `22:30-06:00`.",
    )
    every_minutes: int = Field(20, ge=1, description="How often the timer looks whether one is due.")
    idle_minutes: float = Field(
        15, ge=0, description="Nobody has typed, and no log has grown, for so long; 0 trains while you work, too."
    )
    min_new: int = Field(3, ge=1, description="New or changed facts that make a consolidation worth its while.")
    repeated: int = Field(2, ge=1, description="A correction said so often is reason enough alone.")
    max_age_days: float = Field(7, gt=0, description="Anything new is learned after so long, at any hour when idle.")
    memory_mib: int = Field(4000, ge=0, description="Free memory that must be there.")
    on_battery: bool = Field(False, description="Train on battery, too.")


class Internalise(_Section):
    """What may enter weights; the rest stays in memory, which overrides them."""

    procedural: Literal["protocol", "facts", "both"] = Field(
        "both",
        description="What of lessons is trained. `protocol`: behaviour alone, and how to use memory. `facts`: what is "
        "known. `both`: both.",
    )
    semantic: Literal["protocol", "facts", "both"] = Field(
        "both", description="The same of preferences and conventions."
    )
    episodic: Literal["protocol", "facts", "both"] = Field(
        "both", description="The same of what is true of the project; with `protocol` nothing of it."
    )
    sessions: int = Field(
        3,
        ge=1,
        description="Sessions that say the same of a value that changes often (a port, version, path, day), before it "
        "is trained. What a person states counts at once.",
    )
    share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="What one session or agent alone may speak for of what is trained, from four on.",
    )


def _long_enough(string: str) -> str:
    """A string of one or two characters would take every text apart."""
    if len(" ".join(string.split())) < 3:
        raise ValueError("a string to redact needs at least 3 characters")
    return string


class Redaction(_Section):
    strings: tuple[Annotated[str, AfterValidator(_long_enough)], ...] = Field(
        (),
        description="Your own words that are never stored, sent or trained on, in any case; from 5 characters on also "
        "inside other words. Only names by which memsrv finds things again keep them: a log's path, a project's name.",
        json_schema_extra={"secret": True},  # `memsrv config` says how many there are, and shows none
    )


class Keeping(_Section):
    runs: int = Field(5, ge=1, description="Finished runs of a project that `memsrv gc` keeps.")
    versions: int = Field(5, ge=1, description="Adapter versions of a project that `memsrv gc` keeps, beside the live.")
    backups: int = Field(7, ge=1, description="Backups in MEMSRV_HOME that `memsrv gc` keeps.")
    disk_mib: int = Field(5000, ge=100, description="`memsrv status` warns, and no night runs, beyond so much disk.")
    log_mib: float = Field(5, gt=0, description="A log is rotated at this size; three old ones are kept.")


class Embedding(_Section):
    model: str = Field(
        "",
        description="Vectors beside words: a folder that `memsrv embed --build` made, or with `embedding.base_url` the "
        "model's name there. Empty: words alone.",
    )
    base_url: str = Field("", description="Base URL of an OpenAI-compatible embedding server, up to its `/v1`.")
    remote: bool = Field(False, description="That server may be on another machine: all goes there, but for secrets.")


class Worth(_Section):
    """Prices for `memsrv report worth-it`, which names those that nobody set."""

    usd_per_million_input: float = Field(
        3.0, ge=0, description="What your agent's model costs to read a million tokens that no cache holds."
    )
    cache_discount: float = Field(0.9, ge=0, le=1, description="What a prompt cache takes off that price.")
    watts: float = Field(65.0, ge=0, description="What this machine draws while it trains.")
    usd_per_kwh: float = Field(0.30, ge=0, description="Price of electricity.")
    usd_per_machine_hour: float = Field(0.0, ge=0, description="Rent of the machine that trains; 0: it is yours.")
    usd_per_hour_waiting: float = Field(
        0.0, ge=0, description="What an hour of waiting for recall is worth to you; 0: money alone counts."
    )


class Settings(BaseModel):
    """Every knob, its default, and what it does; `config.toml` holds the ones a user changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    base: str = Field("memsrv-tiny", description="Base model: `memsrv-tiny`, a Hugging Face name, or a local path.")
    any_base: bool = Field(
        False, description="Train facts also into a base shown to give back fewer than 80 % of those in its context."
    )
    strategy: str = Field(
        "distil", description="How facts are trained: `distil`, or `paper`, as the consolidation paper does it."
    )
    replay: float = Field(
        0.2, ge=0, lt=1, description="Share of old nights' conversations in what `memsrv consolidate --extend` trains."
    )
    promote: Literal["gate", "ask"] = Field(
        "gate", description="`gate`: a version that passes goes live. `ask`: it stays staged until you promote it."
    )
    threads: int = Field(
        0, ge=0, description="CPU threads that training and serving may use; 0 is half of the cores, and at least one."
    )
    port: int = Field(0, ge=0, le=65535, description="Port of the endpoint on 127.0.0.1; 0 picks a free one.")
    mcp_port: int = Field(8377, ge=0, le=65535, description="Port of `memsrv serve --http` on 127.0.0.1.")
    idle_minutes: float = Field(20, gt=0, description="The endpoint exits after so long without a question.")
    memory_tokens: int = Field(
        600, ge=100, description="Tokens of memory, at most, before a question to `memsrv/PROJECT+memory`."
    )
    projects: Mapping[str, Allowed] = Field(
        {}, description="What a project may be used for: `projects.NAME.capture`, `.recall`, `.train`."
    )
    sources: Mapping[str, Agent] = Field(
        {},
        description="What an agent's logs may be used for: `sources.claude-code.capture`, `.recall`, `.train`; "
        "more folders that hold them: `.folders`.",
    )
    teacher: Teacher = Teacher()
    watch: Watching = Watching()
    night: Nightly = Nightly()
    internalise: Internalise = Internalise()
    redact: Redaction = Redaction()
    keep: Keeping = Keeping()
    embedding: Embedding = Embedding()
    worth: Worth = Worth()

    @model_validator(mode="before")
    @classmethod
    def _train_was_a_list(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Consent to training used to be one list, `train = ["project", …]`."""
        if isinstance(given, dict) and isinstance(named := given.get("train"), list | tuple):
            projects = {name: {"train": True} for name in named} | dict(given.get("projects", {}))
            given = {key: value for key, value in given.items() if key != "train"} | {"projects": projects}
        return given

    @property
    def cpu_threads(self) -> int:
        """The threads as a number: half of the cores leave the other half to the person who works beside them."""
        return self.threads or max(1, (os.cpu_count() or 1) // 2)


def settings_table() -> list[tuple[str, str, str]]:
    """(key, default, description) of every setting, sections by their dotted keys: the README's table."""
    rows = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, _Section):
            for inner, knob in type(field.default).model_fields.items():
                rows.append((f"{name}.{inner}", _shown(knob.default), knob.description or ""))
        else:
            rows.append((name, _shown(field.default), field.description or ""))
    return rows


def _shown(default: object) -> str:
    return json.dumps(list(default) if isinstance(default, tuple) else default)


def open_home(root: Path | None = None) -> Home:
    """`root`, else `MEMSRV_HOME`, else the platform's user data folder."""
    if root is None:
        named = os.environ.get("MEMSRV_HOME")
        root = Path(named) if named else platformdirs.user_data_path("memsrv", appauthor=False)
    return Home(root.expanduser().absolute())


def load(home: Home) -> Settings:
    """The settings of `home`. UsageError names the key that is wrong."""
    try:
        with home.config.open("rb") as file:
            return Settings.model_validate(tomllib.load(file))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{home.config} is not valid TOML ({error}); correct it or move it away") from error
    except OSError as error:
        raise UsageError(
            f"{home.config} cannot be read ({error.strerror}); make it a file that you may read"
        ) from error
    except ValidationError as error:
        raise UsageError(checked(error, str(home.config))) from error


def checked(error: ValidationError, where: str) -> str:
    """What is wrong with a setting, in a sentence."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{where}: `{key}`: {first['msg']}; correct it or remove it"


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


def set_for_libraries(threads: int) -> None:
    """What the training and serving libraries of this process must find in the environment before they are imported.

    Threads as given, nothing reported to anybody (trl would send telemetry), no progress bars in logs.
    """
    # Nobody launched us on several GPUs: a trainer that sees them would spread a batch over threads.
    if "LOCAL_RANK" not in os.environ:
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
