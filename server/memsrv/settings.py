"""Settings: the only reader of the environment and of `config.toml`. Only what a user changed is ever written.

`MEMSRV_HOME` moves everything memsrv keeps; unset, it is platformdirs' user data folder.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memsrv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Home:
    """Where things rest. Nothing is created until something is written."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "memsrv.db"

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def adapters(self) -> Path:
        return self.root / "adapters"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def endpoint(self) -> Path:
        """Where the running endpoint says its address: `{pid, host, port, started}`; absent when none runs."""
        return self.root / "endpoint.json"

    @property
    def statusline(self) -> Path:
        return self.root / "statusline.txt"


class Settings(BaseModel):
    """Every knob, its default, and what it does; `config.toml` holds the ones a user changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str = Field("memsrv-tiny", description="Base model: `memsrv-tiny`, a Hugging Face name, or a local path.")
    strategy: str = Field("paper", description="How facts are trained into an adapter.")
    promote: Literal["gate", "ask"] = Field(
        "gate", description="`gate`: a version that passes goes live. `ask`: it stays staged until you promote it."
    )
    threads: int = Field(
        0, ge=0, description="CPU threads that training and serving may use; 0 is half of the cores, and at least one."
    )
    port: int = Field(0, ge=0, le=65535, description="Port of the endpoint on 127.0.0.1; 0 picks a free one.")
    idle_minutes: float = Field(20, gt=0, description="The endpoint exits after so long without a question.")
    train: tuple[str, ...] = Field((), description="Projects whose sessions may be trained on (asked once for each).")

    @property
    def cpu_threads(self) -> int:
        """The threads as a number: half of the cores leave the other half to the person who works beside them."""
        return self.threads or max(1, (os.cpu_count() or 1) // 2)


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
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{home.config} is not valid TOML ({error}); correct it or move it away") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{home.config}: `{key}`: {first['msg']}; correct it or remove the line") from error


def allow_training(home: Home, settings: Settings, project: str) -> Settings:
    """Remember the user's consent to train on `project`; other lines of the file stay as they are."""
    if project in settings.train:
        return settings
    changed = settings.model_copy(update={"train": (*settings.train, project)})
    line = "train = [" + ", ".join(_quoted(name) for name in changed.train) + "]"
    text = home.config.read_text("utf-8") if home.config.exists() else ""
    text, found = re.subn(r"(?m)^train\s*=\s*\[[^\]]*\]", lambda _: line, text)
    if not found:
        text = line + "\n" + text
    home.root.mkdir(parents=True, exist_ok=True)
    temporary = home.config.with_suffix(".tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(home.config)
    return changed


def claude_config() -> Path:
    """Claude Code's own folder: `CLAUDE_CONFIG_DIR` or `~/.claude`."""
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    return Path(named) if named else Path.home() / ".claude"


def set_for_libraries(threads: int) -> None:
    """What the training and serving libraries of this process must find in the environment before they are imported.

    Threads as given, nothing reported to anybody (trl would send telemetry), no progress bars in logs.
    """
    os.environ.update(
        OMP_NUM_THREADS=str(threads),
        MKL_NUM_THREADS=str(threads),
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
