"""What a run is given on its stdin because it may stand in no file, argument or environment: secrets.

One JSON object, `{"strings": [the user's own words that are never trained on], "key": the teacher's key or null}`;
nothing at all means neither.
"""

import json
from dataclasses import dataclass, field
from typing import BinaryIO

from memsrv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Given:
    """Shown nowhere, a traceback's `repr` included."""

    strings: tuple[str, ...] = field(default=(), repr=False)
    key: str | None = field(default=None, repr=False)

    def as_bytes(self) -> bytes:
        return json.dumps({"strings": self.strings, "key": self.key}).encode()


NOTHING_GIVEN = Given()


def read(stdin: BinaryIO | None) -> Given:
    """What stands in `stdin`, to its end; a person's terminal is not read. The error does not quote it."""
    if stdin is None or stdin.isatty():
        return NOTHING_GIVEN
    data = stdin.read()
    if not data.strip():
        return NOTHING_GIVEN
    try:
        said = json.loads(data)
        strings, key = said["strings"], said.get("key")
        listed = isinstance(strings, list) and all(isinstance(word, str) for word in strings)
        if not listed or not isinstance(key, str | None):
            raise TypeError
        return Given(tuple(strings), key)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError("what stands on stdin is not the JSON object of docs/contracts.md") from None
