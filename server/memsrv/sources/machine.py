"""Where programs keep their files on a machine: its home folder, its system's conventions, its environment.

Given, not looked up, so that a test on Linux can ask where Windows would have it. Looks at no file.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Machine:
    home: Path
    system: str  # as `sys.platform`: "linux", "darwin", "win32"
    environment: Mapping[str, str]

    @classmethod
    def this(cls) -> Self:
        return cls(Path.home(), sys.platform, os.environ)

    def named(self, variable: str, otherwise: Path) -> Path:
        """The folder that an environment variable names, such as `CODEX_HOME`, or `otherwise`."""
        value = self.environment.get(variable)
        return Path(value) if value else otherwise

    def configuration(self, program: str) -> Path:
        """Where an Electron program, such as `Cursor` or `Code`, keeps its user data."""
        if self.system == "win32":
            return self.named("APPDATA", self.home / "AppData" / "Roaming") / program
        if self.system == "darwin":
            return self.home / "Library" / "Application Support" / program
        return self.named("XDG_CONFIG_HOME", self.home / ".config") / program

    def data(self, program: str) -> Path:
        """Where a program that follows the XDG convention on every system keeps its data."""
        return self.named("XDG_DATA_HOME", self.home / ".local" / "share") / program
