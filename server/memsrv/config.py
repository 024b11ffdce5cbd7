"""Changing `config.toml`: one key at a time, checked as a whole before it is written, comments and order kept.

Only what a user set is in the file, so a default that changes reaches everybody who did not. Atomic, 0600.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.items
from pydantic import ValidationError
from tomlkit.exceptions import ParseError

from memsrv.errors import UsageError
from memsrv.settings import Home, Settings, checked


def put(home: Home, key: str, value: Any) -> Settings:
    """Set the dotted `key`; the settings as they are then. UsageError where there is no such key or value."""
    document = _document(home)
    table: Any = document
    *sections, last = _parts(key)
    for section in sections:
        table = table.setdefault(section, tomlkit.table())
    table[last] = value
    return _written(home, document)


def drop(home: Home, key: str) -> Settings:
    """Forget what was set for `key`: the default holds again."""
    document = _document(home)
    table: Any = document
    *sections, last = _parts(key)
    for section in sections:
        table = table.get(section, {})
    if last in table:
        del table[last]
        return _written(home, document)
    raise UsageError(f"`{key}` is not set in {home.config}; `memsrv config` lists what is")


def _parts(key: str) -> list[str]:
    """A project's name may hold dots (`httpx.io`): what stands between the section and the last word is one name."""
    section, _, rest = key.partition(".")
    if section in ("projects", "sources") and "." in rest:
        name, _, last = rest.rpartition(".")
        return [section, name, last]
    return key.split(".")


def _document(home: Home) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(home.config.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except ParseError as error:
        raise UsageError(f"{home.config} is not valid TOML ({error}); correct it or move it away") from error


def _written(home: Home, document: tomlkit.TOMLDocument) -> Settings:
    try:
        settings = Settings.model_validate(document.unwrap())
    except ValidationError as error:
        raise UsageError(checked(error, "the setting")) from error
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=home.root, prefix=".config-")  # 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(tomlkit.dumps(document))
        file.flush()
        os.fsync(file.fileno())
    Path(part).replace(home.config)
    return settings
