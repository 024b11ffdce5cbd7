"""Which words in a user message a human typed: those in `<user_query>`, on lines of their own.

All else in such a message is what Cursor put around them: rules, open files, the machine, reminders.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from memsrv.sources.fields import instant

_QUERY = re.compile(r"<user_query>(\n?)((?:(?!<user_query>).)*?)(?:</user_query>|(?=<user_query>)|\Z)", re.DOTALL)
_TIME = re.compile(
    r"<timestamp>\s*(?:\w+, )?(\w+ \d{1,2}, \d{4}),? (?:at )?(\d{1,2}:\d{2}(?::\d{2})? ?[AP]M)"
    r"(?: \((?:UTC|GMT)(?:([+-])(\d{1,2})(?::(\d{2}))?)?\))?\s*</timestamp>"
)
_WORKSPACE = re.compile(r"^\s*(?:Workspace Path|workspace_path): *(\S.*?)\s*$", re.MULTILINE)
_SUMMARY = re.compile(r"\s*\[Previous conversation summary\]:?\s*")


@dataclass(frozen=True, slots=True)
class Said:
    text: str = ""  # the human's; "" where they said nothing
    time: str | None = None
    workspace: str | None = None
    summary: str = ""  # the host's own, of what it cut
    unknown: str | None = None  # how the message was not understood


def said(text: str) -> Said:
    time, workspace = _time(text), _WORKSPACE.search(text)
    about = Said(time=time, workspace=workspace[1] if workspace else None)
    if summary := _SUMMARY.match(text):
        return Said(time=time, summary=text[summary.end() :].strip())
    queries = _QUERY.findall(text)
    if not queries:
        enclosed = not text.strip() or text.lstrip().startswith("<")
        return about if enclosed else Said(time=time, workspace=about.workspace, unknown="user:untagged")
    # What Cursor itself asks stands on the tag's own line; what it attaches, which may hold the tag, before the query.
    own = next((words.strip() for newline, words in reversed(queries) if newline and words.strip()), "")
    unknown = None if own or all(not words.strip() for _, words in queries) else "user_query:inline"
    return Said(own, time, about.workspace, unknown=unknown)


def _time(text: str) -> str | None:
    found = _TIME.search(text)
    if not found:
        return None
    day, clock, sign, hours, minutes = found.groups()
    pattern = "%I:%M:%S %p" if clock.count(":") == 2 else "%I:%M %p"
    for month in ("%B", "%b"):
        try:
            local = datetime.strptime(f"{day} {clock[:-2].strip()} {clock[-2:]}", f"{month} %d, %Y {pattern}")
        except ValueError:
            continue
        ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        try:
            return instant(local.replace(tzinfo=timezone(ahead)).isoformat())
        except ValueError:
            return None
    return None
