"""Edits in words: one small one by its lines, several by their files. None where it was too much to call one fix."""

import difflib
from collections.abc import Sequence

from memsrv.lenses.paths import relative
from memsrv.lenses.runs import Edit
from memsrv.records import Event

MAX_HUNK = 90
MAX_HUNKS = 2
MAX_FILES = 3


def in_words(done: Sequence[Edit]) -> str | None:
    files = list(dict.fromkeys(path for edit in done for path in edited(edit.event)))
    if not files or len(files) > MAX_FILES:
        return None
    told = [_hunk(edit.event.cwd, *change) for edit in done for change in edit.event.edits]
    if 0 < len(told) <= MAX_HUNKS and all(told):
        return ", and ".join(filter(None, dict.fromkeys(told)))
    return "edit " + " and ".join(f"`{relative(path, done[0].event.cwd)}`" for path in files)


def edited(event: Event) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for path, _, _ in event.edits)) or event.paths


def _hunk(cwd: str | None, path: str, old: str, new: str) -> str | None:
    """One small edit: what stood there, and what stands there now."""
    before, after = [line.strip() for line in old.splitlines()], [line.strip() for line in new.splitlines()]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    gone = [
        line
        for tag, a, b, _, _ in matcher.get_opcodes()
        if tag in ("replace", "delete")
        for line in before[a:b]
        if line
    ]
    come = [
        line for tag, _, _, a, b in matcher.get_opcodes() if tag in ("replace", "insert") for line in after[a:b] if line
    ]
    where = f"`{relative(path, cwd)}`"
    if len(gone) <= 1 and len(come) == 1 and len(come[0]) <= MAX_HUNK and len("".join(gone)) <= MAX_HUNK:
        return f"in {where}, change `{gone[0]}` to `{come[0]}`" if gone else f"in {where}, add `{come[0]}`"
    if len(gone) == 1 and not come and len(gone[0]) <= MAX_HUNK:
        return f"in {where}, remove `{gone[0]}`"
    return None
