"""What a session is called: its own title, else the first thing that a person said in it, as agents call theirs.

Of the words as they are stored, redacted; what memsrv itself handed out is no title.
"""

from collections.abc import Sequence
from dataclasses import replace

from memsrv.echo import outside
from memsrv.layout import one_line, printable
from memsrv.records import Session
from memsrv.store import Store

MAX_CHARS = 100


def titled(store: Store, sessions: Sequence[Session]) -> list[Session]:
    """`sessions`, each by its title; one in which nobody said anything stays without."""
    said = store.first_prompts([one.id for one in sessions if not one.title])
    return [one if one.title or one.id not in said else replace(one, title=_title(said[one.id])) for one in sessions]


def _title(prompt: str) -> str | None:
    line = one_line(printable(outside(prompt, by_hand=True)))
    return (line if len(line) <= MAX_CHARS else f"{line[: MAX_CHARS - 1].rstrip()}…") or None
