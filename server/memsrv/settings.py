"""Settings: every knob, and the only reader of `config.toml`. What a user changed is written by `memsrv.config`."""

import json
import os
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

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
    preset: str = Field(
        "", description="Numbers that it is trained with, by name (`memsrv-tiny/brief`); empty: the base's own."
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
    processes: int = Field(
        0,
        ge=0,
        description="Processes that train together; 0 is one for each GPU, and one where there is none. Without "
        "GPUs they share `threads`: for machines of several sockets.",
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
