"""The file that a part of an OpenCode message names. Looks at no file."""

from collections.abc import Mapping
from typing import Any

from memsrv.sources import calls
from memsrv.sources.fields import mapping, string


def path_of(part: Mapping[str, Any]) -> str | None:
    """Of a `file` part: its source's path, or the `file:` address; a pasted image has neither."""
    if part.get("type") != "file":
        return None
    source = string(mapping(part.get("source")).get("path"))
    if source:
        return source
    url = string(part.get("url")) or ""
    return calls.path_of(url) if url.startswith("file:") else None
