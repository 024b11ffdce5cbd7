"""`config.toml`, one key at a time: which keys there are, what holds and since when, and changing one of them.

Only what a user set is in the file, so a default that changes reaches everybody who did not. A change is checked as a
whole, written atomically and 0600, with comments and order kept; changers take turns. Words to redact are never shown.
"""

import difflib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_origin

import tomlkit
from filelock import FileLock
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from tomlkit.exceptions import ParseError

from memsrv.errors import UsageError
from memsrv.home import Home
from memsrv.settings import UNSAID, Agent, Allowed, Settings, checked, load

#: Seconds that a change waits for another process to finish its own.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: what holds, and whether somebody said so. `hidden`: how many words stand there that are not shown."""

    key: str
    value: Any
    default: Any
    source: str  # "default" or "config.toml"
    description: str = ""
    hidden: int | None = None


def entries(home: Home) -> list[Entry]:
    """Every key, in the order of the settings; of projects and sources those about which something was said."""
    document, settings = _read(home), load(home)
    found = []
    for name, field in Settings.model_fields.items():
        if name in UNSAID:
            said: Mapping[str, Allowed] = getattr(settings, name)
            keys = [
                f"{name}.{who}.{act}"
                for who, allowed in said.items()
                for act in _of_one(name)
                if getattr(allowed, act) not in (None, ())
            ]
        else:
            keys = [f"{name}.{inner}" for inner in _section(field)] or [name]
        found += [_entry(key, settings, document) for key in keys]
    return found


def entry(home: Home, key: str) -> Entry:
    """What holds for `key`. UsageError where there is no such key."""
    _field(key)
    return _entry(key, load(home), _read(home))


def parse(key: str, text: str, *, lines: bool = False) -> Any:
    """`text` as a value of `key`'s type; of a list by comma, as JSON, or with `lines` one a line."""
    field = _field(key)
    given: Any = text
    if _is_list(field):
        given = _items(text, lines)
    elif lines:
        given = text.rstrip("\r\n")
    try:
        typed: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
        parsed = typed.validate_python(given)
    except ValidationError as error:
        raise UsageError(f"`{key}`: {error.errors()[0]['msg']}; see `memsrv config get {key}`") from error
    return list(parsed) if isinstance(parsed, tuple) else parsed


def put(home: Home, key: str, value: Any, *, add: bool = False) -> Settings:
    """Set `key`, or add to its list; the settings as they are then. UsageError where there is no such key or value."""
    if add and not _is_list(_field(key)):
        raise UsageError(f"`{key}` is no list, so nothing can be added to it; set it")
    with _turn(home):
        document = _read(home)
        table: Any = document
        *sections, last = _parts(key)
        for section in sections:
            table = table.setdefault(section, tomlkit.table())
        if add:
            value = list(dict.fromkeys([*table.get(last, ()), *value]))
        table[last] = value
        return _write(home, document)


def drop(home: Home, key: str) -> Settings:
    """Forget what was set for `key`: the default holds again."""
    _field(key)
    with _turn(home):
        document = _read(home)
        tables: list[Any] = [document]
        *sections, last = _parts(key)
        for section in sections:
            tables.append(tables[-1].get(section, {}))
        if last not in tables[-1]:
            raise UsageError(f"`{key}` is not set; `memsrv config --changed` lists what is")
        del tables[-1][last]
        for section, outer, inner in reversed(list(zip(sections, tables, tables[1:], strict=False))):
            if not inner and not inner.as_string().strip():  # nothing is left in it, no comment either
                del outer[section]
        return _write(home, document)


# Which keys there are


def _field(key: str) -> FieldInfo:
    """The setting called `key`, or a UsageError with what was perhaps meant."""
    parts = _parts(key)
    top = Settings.model_fields.get(parts[0])
    if top is not None and parts[0] in UNSAID:
        if len(parts) == 3 and all(parts) and parts[2] in _of_one(parts[0]):
            return _of_one(parts[0])[parts[2]]
        wanted = ", ".join(f"{parts[0]}.NAME.{name}" for name in _of_one(parts[0]))
        raise UsageError(f"there is no setting `{key}`; name one of {wanted}")
    if top is not None:
        inside = _section(top)
        if not inside and len(parts) == 1:
            return top
        if len(parts) == 2 and parts[1] in inside:
            return inside[parts[1]]
        if inside and len(parts) == 1:
            names = ", ".join(f"{key}.{name}" for name in inside)
            raise UsageError(f"`{key}` is a group of settings; name one of {names}")
    if re.search(r"(?i)api[_-]?key", key):
        raise UsageError(
            f"there is no setting `{key}`: memsrv keeps no keys; put yours into the environment of whoever starts it, "
            "as ANTHROPIC_API_KEY or OPENAI_API_KEY"
        )
    near = _near(key)
    meant = f"did you mean {' or '.join(f'`{name}`' for name in near)}? " if near else ""
    raise UsageError(f"there is no setting `{key}`; {meant}`memsrv config` lists them all")


def _of_one(section: str) -> Mapping[str, FieldInfo]:
    """What can be said of one project, or of one source."""
    return (Agent if section == "sources" else Allowed).model_fields


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _section(field: FieldInfo) -> Mapping[str, FieldInfo]:
    return type(field.default).model_fields if isinstance(field.default, BaseModel) else {}


def _near(key: str) -> list[str]:
    names = [
        dotted
        for name, field in Settings.model_fields.items()
        for dotted in ([f"{name}.{inner}" for inner in _section(field)] or [name])
        if name not in UNSAID
    ]
    last = [name for name in names if name.rpartition(".")[2] == key.rpartition(".")[2]]
    return list(dict.fromkeys([*last, *difflib.get_close_matches(key, names, n=3, cutoff=0.7)]))[:3]


def _parts(key: str) -> list[str]:
    """A project's name may hold dots (`httpx.io`): what stands between the section and the last word is one name."""
    section, _, rest = key.partition(".")
    if section in UNSAID and "." in rest:
        name, _, last = rest.rpartition(".")
        return [section, name, last]
    return key.split(".")


# What holds


def _entry(key: str, settings: Settings, document: Mapping[str, Any]) -> Entry:
    field, parts = _field(key), _parts(key)
    said: Any = document
    for part in parts:
        said = said.get(part) if isinstance(said, Mapping) else None
    if parts[0] in UNSAID:
        default: Any = UNSAID[parts[0]].get(parts[2], field.default)
        value = getattr(getattr(settings, parts[0]).get(parts[1], Agent()), parts[2])
        value = default if value is None else value
    else:
        default, value = field.default, settings
        for part in parts:
            value = getattr(value, part)
    source = "default" if said is None else "config.toml"
    extra = field.json_schema_extra
    if isinstance(extra, Mapping) and extra.get("secret"):
        return Entry(key, None, None, source, field.description or "", hidden=len(value))
    return Entry(key, _plain(value), _plain(default), source, field.description or "")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _items(text: str, lines: bool) -> list[Any]:
    if not lines and text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise UsageError(f'the list is no JSON ({error}); write it as `a,b` or `["a", "b"]`') from error
        return list(listed)
    parts = text.splitlines() if lines else text.split(",")
    return [part.strip() for part in parts if part.strip()]


# The file


@contextmanager
def _turn(home: Home) -> Iterator[None]:
    """One changer at a time, over all processes: each reads what the one before it wrote."""
    home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(home.root / "config.lock", timeout=PATIENCE_S, mode=0o600):
        yield


def _read(home: Home) -> tomlkit.TOMLDocument:
    """The file as it stands, in today's form. UsageError where it is no TOML, or holds what no setting allows."""
    try:
        document = tomlkit.parse(home.config.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (ParseError, UnicodeDecodeError) as error:
        raise UsageError(f"{home.config} is not valid TOML ({error}); correct it or move it away") from error
    _check(document, str(home.config))
    if isinstance(named := document.get("train"), list):  # until 0.2 consent was a list of projects
        del document["train"]
        projects: Any = document.setdefault("projects", tomlkit.table(is_super_table=True))
        for name in named:
            projects.setdefault(name, tomlkit.table()).setdefault("train", True)
    return document


def _check(document: tomlkit.TOMLDocument, where: str) -> Settings:
    try:
        return Settings.model_validate(document.unwrap())
    except ValidationError as error:
        raise UsageError(checked(error, where)) from error


def _write(home: Home, document: tomlkit.TOMLDocument) -> Settings:
    settings = _check(document, "the setting")
    place = Path(os.path.realpath(home.config))  # a link into somebody's dotfiles stays a link
    descriptor, part = tempfile.mkstemp(dir=place.parent, prefix=".config-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(place)
    except OSError as error:  # of what is written to a descriptor the system does not say which file it is
        Path(part).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(place)) from error
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return settings
