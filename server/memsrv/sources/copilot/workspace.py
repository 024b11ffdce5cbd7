"""`workspace.yaml`, which Copilot CLI keeps beside a session's events: flat `key: value` lines, no more of YAML."""

import re
from pathlib import Path

from memsrv.sources import LogFacts
from memsrv.sources.fields import instant
from memsrv.sources.marks import beside

_LINE = re.compile(r"^([A-Za-z_]\w*):[ \t]+(.+)$", re.MULTILINE)
_LIMIT = 1 << 20


def workspace(log: Path) -> LogFacts:
    """What stands beside `log` about its session; nothing where nothing stands there."""
    if log.name != "events.jsonl":
        return LogFacts()
    text = beside(log.with_name("workspace.yaml"), _LIMIT).decode("utf-8", "replace")
    said = {key: _plain(value) for key, value in _LINE.findall(text)}
    return LogFacts(
        cwd=said.get("cwd") or said.get("git_root"),
        branch=said.get("branch"),
        title=" ".join((said.get("name") or said.get("summary") or "").split())[:200] or None,
        started=instant(said.get("created_at")),
        remote=remote(said.get("repository"), None),
    )


def remote(repository: str | None, host: str | None) -> str | None:
    """The git remote of a repository that is told as `owner/name`."""
    if not repository or not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", repository):
        return None
    return f"https://{host or 'github.com'}/{repository}"


def _plain(value: str) -> str:
    value = value.strip()
    if value in ("null", "~", "''", '""') or value[:1] in "|>":  # a text over several lines is not taken
        return ""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
