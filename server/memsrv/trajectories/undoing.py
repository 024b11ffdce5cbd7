"""Work that was taken back: git commands that restore files, and edits that are the inverse of an earlier one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memsrv.lenses.runs import bare
from memsrv.records import Outcome, Step

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


def undone(steps: Sequence[Step]) -> Iterator[Undone]:
    """Every taking back among `steps`, which are a session's in their order."""
    standing: list[Step] = []  # edits since the last commit
    for step in steps:
        if step.outcome in (Outcome.FAILURE, Outcome.REJECTED):
            continue
        if step.command:
            restored = _RESTORES.search(bare(step.command))
            if restored is not None and "--staged" not in restored[0]:
                gone = [edit for edit in standing if restored["all"] or _named(edit, restored["paths"])]
                if gone:
                    yield Undone(step.turn, frozenset(edit.turn for edit in gone), "git took the files back")
                    standing = [edit for edit in standing if edit not in gone]
            elif committed(step) and step.outcome is Outcome.SUCCESS:
                standing = []
        if step.edits:
            inverse = [edit for edit in standing if _is_inverse(step, edit)]
            if inverse:
                yield Undone(step.turn, frozenset(edit.turn for edit in inverse), "the inverse edit")
                standing = [edit for edit in standing if edit not in inverse]
            else:
                standing.append(step)


_COMMITS = re.compile(r"\bgit\s+(?:-\S+\s+\S+\s+)*commit\b|\bgh\s+pr\s+(?:create|merge)\b")


def committed(step: Step) -> bool:
    """Whether `step` is a command that commits."""
    return step.command is not None and _COMMITS.search(bare(step.command)) is not None


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
    return made == back and all(old and new and old != new for _, old, new in made)
