"""The file that a part of an OpenCode message names. Looks at no file."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from memsrv.sources.fields import mapping, string


def path_of(part: Mapping[str, Any]) -> str | None:
    """Of a `file` part: its source's path, or the `file:` address; a pasted image has neither."""
    if part.get("type") != "file":
        return None
    source = string(mapping(part.get("source")).get("path"))
    if source:
        return source
    url = string(part.get("url")) or ""
    if not url.startswith("file:"):
        return None
    try:
        path = unquote(urlparse(url).path)
    except ValueError:
        return None
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path or None
