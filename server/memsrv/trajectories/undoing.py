"""Work that was taken back: git commands that restore files, and edits that are the inverse of an earlier one."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memsrv.lenses.runs import bare
from memsrv.records import Outcome, Step
from memsrv.trajectories.steps import Taken, commits, undoes

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
    standing: list[Step] = []  # edits since the last commit
    for one in steps:
        step = one.step
        if step.outcome in (Outcome.FAILURE, Outcome.REJECTED):
            continue
        if step.command and undoes(step.command):
            gone = _last_change(standing, spoken)
            if gone:
                yield Undone(step.turn, frozenset(edit.turn for edit in gone), "the agent's own undo")
                standing = [edit for edit in standing if edit not in gone]
            continue
        if step.command:
            restored = _RESTORES.search(bare(step.command))
            if restored is not None and "--staged" not in restored[0]:
                gone = [edit for edit in standing if restored["all"] or _named(edit, restored["paths"])]
                if gone:
                    yield Undone(step.turn, frozenset(edit.turn for edit in gone), "git took the files back")
                    standing = [edit for edit in standing if edit not in gone]
            elif committed(step):
                standing = []
        if one.changes:
            inverse = [edit for edit in standing if _is_inverse(step, edit)]
            if inverse:
                yield Undone(step.turn, frozenset(edit.turn for edit in inverse), "the inverse edit")
                standing = [edit for edit in standing if edit not in inverse]
            else:
                standing.append(step)


def _last_change(standing: Sequence[Step], spoken: Sequence[int]) -> list[Step]:
    if not standing:
        return []
    since = bisect_left(spoken, standing[-1].turn)
    return [edit for edit in standing if bisect_left(spoken, edit.turn) == since]


_COMMITS = re.compile(r"\bgit\s+(?:-\S+\s+\S+\s+)*commit\b|\bgh\s+pr\s+(?:create|merge)\b")


def committed(step: Step) -> bool:
    """Whether `step` is a command that commits."""
    command = step.command or ""
    return commits(command) or (_COMMITS.search(bare(command)) is not None and step.outcome is Outcome.SUCCESS)


def _named(edit: Step, paths: str) -> bool:
    names = [name.strip("'\"").removeprefix("./").rstrip("/*") for name in paths.split()]
    edited = [*edit.paths, *(path for path, _, _ in edit.edits)]
    return any(
        name and (path == name or path.endswith("/" + name) or f"/{name}/" in path) for name in names for path in edited
    )


def _is_inverse(step: Step, earlier: Step) -> bool:
    """Whether `step` puts back all that `earlier` changed, and changes nothing else."""
    back = {(path, new.strip(), old.strip()) for path, old, new in earlier.edits}
    made = {(path, old.strip(), new.strip()) for path, old, new in step.edits}
    return bool(made) and made == back and all(old and new and old != new for _, old, new in made)
