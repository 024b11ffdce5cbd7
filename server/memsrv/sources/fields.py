"""The bytes of one log line as JSON objects, and careful looks into them: any field a stranger wrote may be anything.

Knows how the APIs' messages nest their content; not what any agent's record means.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from memsrv.sources import UnreadableLineError

_NAME = re.compile(r"[A-Za-z_][\w.-]{0,59}")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def records(line: bytes) -> list[Mapping[str, Any]]:
    """The JSON objects of one line: one, or several that lost the newline between them."""
    try:
        found = [orjson.loads(line)]
    except orjson.JSONDecodeError:  # half a surrogate pair, bytes that are no UTF-8, several records: or no JSON
        found = _several(line.decode("utf-8", "replace").lstrip("\ufeff").strip())
    for record in found:
        if not isinstance(record, dict):
            raise UnreadableLineError(f"a JSON {type(record).__name__}, not an object")
    return found


class Salvage(NamedTuple):
    """What is whole in a line that is no JSON, byte for byte."""

    before: list[bytes]  # the records that it begins with
    damage: int  # where what is damaged begins
    behind: list[bytes]  # the records that it ends with


def salvaged(line: bytes) -> Salvage:
    """A crash in the middle of a line leaves the next record behind a torn one, or behind zeros.

    A record inside a torn one is none of the log's: behind the damage only what reaches to the line's end counts.
    """
    text = line.decode("utf-8", "surrogateescape")
    before: list[str] = []
    place = _whole(text, 0, before, _SPACE)
    behind: list[str] = []
    budget = _SALVAGED_CHARS
    for start in (match.start() for match in _RECORD.finditer(text, place + 1)):
        budget -= len(text) - start
        found: list[str] = []
        if budget < 0 or _whole(text, start, found, _ZEROS) == len(text):
            behind = found
            break
    return Salvage(_encoded(before), len(text[:place].encode("utf-8", "surrogateescape")), _encoded(behind))


def _whole(text: str, place: int, into: list[str], between: re.Pattern[str]) -> int:
    """Put the records that follow each other from `place` on into `into`; where the first one that is none begins."""
    place = _behind(text, place, between)
    while place < len(text):
        try:
            record, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        if not isinstance(record, dict):
            break
        into.append(text[place:end])
        place = _behind(text, end, between)
    return place


def _behind(text: str, place: int, between: re.Pattern[str]) -> int:
    found = between.match(text, place)
    return found.end() if found else place


def _encoded(found: list[str]) -> list[bytes]:
    return [record.encode("utf-8", "surrogateescape") + b"\n" for record in found]


def document(data: bytes) -> Any:
    """The one JSON value of a whole file. UnreadableLineError where there is none, or only its beginning."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        found = _several(data.decode("utf-8", "replace").removeprefix("\ufeff").strip())
    if len(found) != 1:
        raise UnreadableLineError(f"{len(found)} JSON values, not one")
    return found[0]


def _several(text: str) -> list[Any]:
    """The JSON values that follow each other in `text`; slower than orjson, and less strict with broken characters."""
    place = 0
    found: list[Any] = []
    try:
        while place < len(text):
            record, place = _DECODER.raw_decode(text, place)
            found.append(record)
            while place < len(text) and text[place].isspace():
                place += 1
    except json.JSONDecodeError as error:
        raise UnreadableLineError(f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise UnreadableLineError("nested too deeply") from error
    except ValueError as error:  # NaN, which is no JSON; an integer of thousands of digits
        raise UnreadableLineError(f"a number that is none: {str(error)[:20]}") from error
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_SPACE = re.compile(r"[\s\ufeff]*")
_ZEROS = re.compile(r"[\s\x00]*")
_RECORD = re.compile(r'\{\s*"')
_SALVAGED_CHARS = 1 << 26  # looked through for the records of one damaged line


def name(value: Any) -> str:
    """A name out of a log, fit to be counted and shown: text that is no name never is."""
    if value is None:
        return "missing"
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "unnameable"


def words(text: str) -> frozenset[str]:
    """The words of a table that is written as text."""
    return frozenset(text.split())


def instant(value: Any) -> str | None:
    """A record's time as ISO 8601 with `Z`; old fixtures and other writers use milliseconds or an offset."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            if len(value) == 24 and value[10] == "T" and value[19] == "." and value[23] == "Z":
                return value  # as nearly all are, and what comes out below
            if time.tzinfo is None:
                time = time.replace(tzinfo=UTC)
            return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None
    return None


def blocks(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = mapping(record.get("message")).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def content_text(content: Any) -> str:
    """The words of a tool result or prompt: a string, or a list of blocks of which images carry none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = []
    for block in content:
        if isinstance(block, Mapping):
            words = string(block.get("text")) or " ".join(
                filter(None, (string(block.get(k)) for k in ("title", "url")))
            )
            parts.append(words)
        elif isinstance(block, str):
            parts.append(block)
    return "\n".join(part for part in parts if part)


def plain(text: str) -> str:
    return (_ANSI.sub("", text) if "\x1b" in text else text).replace("\x00", "")


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict | Mapping) else {}  # a dict is one, and quicker to tell


def string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def written(value: Any, limit: int = 4_000) -> str:
    """A stranger's value as JSON, cut; "" where it is nested deeper than it can be written from here."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)[:limit]
    except RecursionError:
        return ""
