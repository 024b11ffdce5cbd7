"""Work that was taken back: git commands that restore files, and edits that are the inverse of an earlier one."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from memsrv.lenses.runs import bare
from memsrv.records import Outcome, Step
from memsrv.trajectories.steps import Taken, commits, undoes

_READ = 2_000  # characters of a command; behind them are documents

_RESTORES = re.compile(
    r"\bgit\s+(?:-\S+\s+\S+\s+)*(?:"
    r"(?P<all>reset\s+(?:-\S+\s+)*--hard|stash(?:\s+(?:push|save|-u|--include-untracked)\b|\s*$|\s*[;&|])|revert\b"
    r"|(?:checkout|restore)\s+(?:-\S+\s+)*(?:--\s+)?\.(?:\s|$))"
    r"|(?:checkout(?:\s+\S+)?\s+--|restore(?:\s+--(?:staged|worktree|source=?\S*))*)\s+(?P<paths>[^;&|\n]+))"
)


@dataclass(frozen=True, slots=True)
class Undone:
    """The steps at turns `edits` were taken back at `turn`."""

    turn: int
    edits: frozenset[int]
    how: str


def undone(steps: Sequence[Taken], spoken: Sequence[int]) -> Iterator[Undone]:
    """Every taking back among `steps`, which are a session's in their order.

    `spoken` are the turns at which somebody said something: what an agent changed without a word between is one change,
    and its own undo takes it back at once.
    """
    standing: dict[int, Step] = {}  # edits since the last commit, by turn
    taken_back_by: dict[frozenset[tuple[str, str, str]], list[int]] = {}  # by the edit that would be its inverse

    def gone(by: Step, turns: Iterable[int], how: str) -> Iterator[Undone]:
        if mine := frozenset(turn for turn in turns if standing.pop(turn, None) is not None):
            yield Undone(by.turn, mine, how)

    for one in steps:
        step = one.step
        if step.outcome in (Outcome.FAILURE, Outcome.REJECTED):
            continue
        if step.command and undoes(step.command):
            yield from gone(step, _last_change(list(standing), spoken), "the agent's own undo")
            continue
        if step.command:
            restored = _RESTORES.search(bare(step.command[:_READ]))
            if restored is not None and "--staged" not in restored[0]:
                everything, paths = restored["all"], restored["paths"]
                named = [turn for turn, edit in standing.items() if everything or _named(edit, paths)]
                yield from gone(step, named, "git took the files back")
            elif committed(step):
                standing.clear()
        if one.changes:
            inverted = taken_back_by.pop(_changes(step), [])
            if any(turn in standing for turn in inverted):
                yield from gone(step, inverted, "the inverse edit")
                continue
            standing[step.turn] = step
            if back := _inverse(step):
                taken_back_by.setdefault(back, []).append(step.turn)


def _last_change(turns: Sequence[int], spoken: Sequence[int]) -> list[int]:
    if not turns:
        return []
    since = bisect_left(spoken, turns[-1])
    return [turn for turn in turns if bisect_left(spoken, turn) == since]


def _changes(step: Step) -> frozenset[tuple[str, str, str]]:
    return frozenset((path, old.strip(), new.strip()) for path, old, new in step.edits)


def _inverse(step: Step) -> frozenset[tuple[str, str, str]]:
    """The edit that puts back all that `step` changed, and changes nothing else; empty where there can be none."""
    made = _changes(step)
    if not all(old and new and old != new for _, old, new in made):
        return frozenset()
    return frozenset((path, new, old) for path, old, new in made)


_COMMITS = re.compile(r"\bgit\s+(?:-\S+\s+\S+\s+)*commit\b|\bgh\s+pr\s+(?:create|merge)\b")


def committed(step: Step) -> bool:
    """Whether `step` is a command that commits."""
    command = step.command or ""
    return commits(command) or (_COMMITS.search(bare(command[:_READ])) is not None and step.outcome is Outcome.SUCCESS)


def _named(edit: Step, paths: str) -> bool:
    names = [name.strip("'\"").removeprefix("./").rstrip("/*") for name in paths.split()]
    edited = [*edit.paths, *(path for path, _, _ in edit.edits)]
    return any(
        name and (path == name or path.endswith("/" + name) or f"/{name}/" in path) for name in names for path in edited
    )
