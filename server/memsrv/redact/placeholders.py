"""What stands where a secret stood: `[redacted:aws-access-token:1a2b3c]`, keyed so that it cannot be guessed back.

Equal secrets get equal placeholders within one home, so that what was said of one stays linked; another home's differ.
"""

import hashlib
import hmac
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import re2  # type: ignore[import-untyped]

from memsrv.redact.private import RULE as PRIVATE
from memsrv.redact.rules import compiled, options
from memsrv.redact.words import NAME

#: How every placeholder begins.
MARK = "[redacted:"


def placeholder(key: bytes, name: str, secret: bytes) -> bytes:
    """What stands for `secret`, which the rule `name` found."""
    return f"{MARK}{name}:{hmac.new(key, secret, hashlib.sha256).hexdigest()[:6]}]".encode()


def masked(data: bytes) -> bytes:
    """`data` with its placeholders blanked out at their size: no rule shall read them.

    Only those that name a rule: what merely begins like one may hide a secret.
    """
    if MARK.encode() not in data:
        return data
    return bytes(_PLACEHOLDER.sub(lambda match: BLANK * len(match.group()), data))


#: A character that hardly any rule takes for part of a secret.
BLANK = b"<"
_NAMES = "|".join(sorted({re2.escape(rule.id) for rule in compiled().all} | {NAME, PRIVATE}))
_PLACEHOLDER = re2.compile(rf"\[redacted:(?:{_NAMES}):[0-9a-f]{{6}}\]", options())


def key_at(path: Path) -> bytes:
    """The key kept in the 0600 file `path`, made there the first time; of two makers at once, one wins for both."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, made = tempfile.mkstemp(dir=path.parent)  # 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
        with suppress(FileExistsError):  # another process was first
            os.link(made, path)
        os.unlink(made)
    return path.read_bytes()
