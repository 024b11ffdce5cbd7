"""What speaks for one outcome of a task: the human's words, tests and other checks, commits, undoing, being stopped.

Each sign has a weight. Only what came last counts: a test that failed before the last edit says nothing of the end, nor
does a complaint that the agent worked on after. Knows tasks and steps, and decides nothing.
"""

import re
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from memsrv.lenses.checks import Counts, counts
from memsrv.lenses.runs import bare, is_probe, program
from memsrv.records import EventType, Outcome, Sign, Step
from memsrv.trajectories.reactions import Reaction
from memsrv.trajectories.steps import Taken, undoes
from memsrv.trajectories.tasks import Task
from memsrv.trajectories.undoing import Undone, committed


class Weighed(NamedTuple):
    sign: Sign
    weight: float


_SAID = {
    Reaction.ACCEPTS: (Outcome.SUCCESS, 3.0),
    Reaction.ACCEPTS_IN_PART: (Outcome.PARTIAL, 3.0),
    Reaction.BROKEN: (Outcome.FAILURE, 3.0),
    Reaction.CORRECTS: (Outcome.PARTIAL, 2.0),
    Reaction.REVERTS: (Outcome.REJECTED, 3.0),
}
_READ = 2_000  # characters of a command, or of a request
_ASIDE = (EventType.NOTE, EventType.SUMMARY, EventType.COMPACTION)


def signs(task: Task, steps: Sequence[Taken], taken_back: Sequence[Undone]) -> list[Weighed]:
    """Every sign of `task`, in the order of its turns. `taken_back` is all that was undone in the session."""
    found = [
        *_said(task, steps),
        *_edits_failed(steps),
        *_checked(steps, {event.turn for event in task.events if event.type is EventType.COMMAND}),
        *_done_as_told(task, steps),
        *_committed(steps),
        *_undone(task, steps, taken_back),
        *_stopped(task, steps),
        *_gave_up(task),
    ]
    return sorted(found, key=lambda weighed: weighed.sign.turn)


def _said(task: Task, steps: Sequence[Taken]) -> Iterator[Weighed]:
    changed = [one.step.turn for one in steps if one.changes]
    worked = [e.turn for e in task.events if e.type in (EventType.REPLY, EventType.TOOL_CALL) and not e.sidechain]
    last_change, last_work = max(changed, default=-1), max(worked, default=-1)
    for event, heard in [*task.heard, *([task.after] if task.after else [])]:
        if heard.reaction is Reaction.NONE:
            continue
        says, weight = _SAID[heard.reaction]
        turn = event.turn
        if heard.reaction is Reaction.ACCEPTS:
            weight = 1.0 if turn < last_change else weight
        elif heard.reaction is Reaction.REVERTS:
            if len([change for change in changed if change > turn]) > 1:
                continue  # it went on with something else
        elif turn < last_work:
            continue  # the agent has worked on since
        yield Weighed(Sign(turn, f"the human {heard.reaction}", says), weight)


#: Tools of a harness that checks what was done, whatever it calls to do so.
_CHECKS = frozenset({"test", "lint", "build", "diagnostics"})
#: Programs whose running well or badly tells whether the work is any good.
_CHECKING = re.compile(
    r"\b(?:py\.?test|unittest|tox|nox|jest|vitest|mocha|ava|playwright|cypress|rspec|phpunit|pest|ctest|behave"
    r"|mvnw?|gradlew?|tsc|eslint|ruff|mypy|pyright|flake8|pylint|clippy|pre-commit|rubocop|phpstan|golangci-lint"
    r"|shellcheck|xcodebuild|next build|vite build|make$)\b"
    # A builder with a task of that name: `npm run test:unit`, `cargo check`, `pnpm --filter web lint`.
    r"|\b(?:go|cargo|mix|dotnet|swift|deno|bun|flutter|dart|rake|rails|npm|pnpm|yarn|make|just|hatch"
    r"|poetry|uv|zig|sbt|bazel)"
    r"\s(?:[^;&|\n]*\s)?[\w:.-]*"
    r"(?:test|check|build|lint|vet|compile|analy[sz]e|tsc|\bci\b|validate|verify)",
    re.IGNORECASE,
)
_RUNNING = re.compile(
    r"(?:\S+=\S+\s+)*(?:\S*/)?(?:python[\d.]*|node|ruby|php|deno|bun|npx|ts-node|tsx|java|go run|cargo run|dotnet run"
    r"|\./\S+|(?:ba)?sh \S+\.sh|(?:npm|pnpm|yarn) (?:run )?(?:start|dev|serve)|uv run|poetry run|docker|curl|make)\b",
    re.IGNORECASE,
)


def _checked(steps: Sequence[Taken], own: Set[int]) -> Iterator[Weighed]:
    """The last tests, and the last other check, since the last edit; else the last command that acts.

    `own` are the turns of the human's own commands: where nothing was changed, what fails in them is not the agent's.
    """
    changed = _last_change(steps)
    tests = other = done = None
    for step, result in steps:
        if step.turn < changed or (step.command and is_probe(step.command)):
            continue
        if not step.command and step.tool not in _CHECKS:
            continue
        printed = counts(result.text) if result is not None else None
        if changed < 0 and step.turn in own and (step.outcome is Outcome.FAILURE or (printed and printed.failed)):
            continue
        if printed is not None and printed.tests and (printed.passed or printed.failed):
            tests = (step, printed)
        elif step.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
            done = None  # how it ended nobody knows, and what was before it is not the end
        else:
            command = bare((step.command or "")[:_READ])
            if printed is not None or step.tool in _CHECKS or _CHECKING.search(command):
                other = (step, printed)
            elif changed >= 0 and _RUNNING.match(command):
                other = (step, None)
            elif changed < 0:
                done = step
    if tests is not None:
        step, printed = tests
        failed = bool(printed.failed) or step.outcome is Outcome.FAILURE
        yield Weighed(Sign(step.turn, str(printed), Outcome.FAILURE if failed else Outcome.SUCCESS), 2.0)
    if other is not None and (tests is None or other[0].turn > tests[0].turn or other[0].outcome is Outcome.FAILURE):
        step, told = other
        failed = step.outcome is Outcome.FAILURE or bool(told and told.failed)
        yield Weighed(Sign(step.turn, _seen(step, told), Outcome.FAILURE if failed else Outcome.SUCCESS), 1.0)
    if tests is None and other is None and done is not None:
        yield Weighed(Sign(done.turn, _seen(done, None), done.outcome), 1.0)


def _last_change(steps: Sequence[Taken]) -> int:
    """The last change, or undoing of one: what was checked before it was another state."""
    return max((one.step.turn for one in steps if one.changes or undoes(one.step.command or "")), default=-1)


def _seen(step: Step, printed: Counts | None) -> str:
    told = str(printed) if printed is not None else step.grounds or str(step.outcome)
    return f"{program(step.command or '') or step.tool}: {told}"


def _edits_failed(steps: Sequence[Taken]) -> Iterator[Weighed]:
    edits = [one.step for one in steps if one.step.edits]
    if edits and edits[-1].outcome is Outcome.FAILURE:
        yield Weighed(Sign(edits[-1].turn, "the last edit failed", Outcome.FAILURE), 2.0)


_TOLD = re.compile(
    r"^(?:please |can you |could you |now |then )*(?:create|write|delete|remove|rename|move|copy|append|read|save)\b"
    r"|^(?:please )?(?:change|replace) (['\"`]).+?\1 (?:to|with|by) (['\"`]).+?\2 in\b",
    re.I,
)
_FILE = re.compile(r"(?<![\w/])[\w./~-]*\w\.[A-Za-z]\w{0,4}(?![\w/])")
_TOLD_WORDS = 60


def _done_as_told(task: Task, steps: Sequence[Taken]) -> Iterator[Weighed]:
    """Of a task that is no more than to read or write files that it names: they were, and nothing failed."""
    text = " ".join(task.opening.text[:_READ].split())
    names = {name.rsplit("/", 1)[-1] for name in _FILE.findall(text)}
    if not names or not _TOLD.match(text) or len(text.split()) > _TOLD_WORDS or task.heard:
        return
    did = [one.step for one in steps if one.step.outcome is Outcome.SUCCESS]
    if len(did) < len(steps) or not did or task.events[-1].type is not EventType.REPLY:
        return
    touched = " ".join(" ".join((*step.paths, step.command or "")) for step in did)
    if all(name in touched for name in names):
        yield Weighed(Sign(did[-1].turn, "the files that it names were dealt with", Outcome.SUCCESS), 1.0)


def _committed(steps: Sequence[Taken]) -> Iterator[Weighed]:
    changed = _last_change(steps)
    for step, _ in steps:
        if committed(step) and step.outcome is not Outcome.FAILURE and step.turn > changed:
            yield Weighed(Sign(step.turn, "committed", Outcome.SUCCESS), 2.0)
            return


def _undone(task: Task, steps: Sequence[Taken], taken_back: Sequence[Undone]) -> Iterator[Weighed]:
    changed = {one.step.turn for one in steps if one.changes}
    tried = max((one.step.turn for one in steps if one.step.edits), default=-1)
    gone: set[int] = set()
    last = None
    for one in taken_back:
        if mine := one.edits & changed:
            gone |= mine | ({one.turn} & changed)
            last = one
    if last is not None and max(changed) in gone and tried <= max(last.turn, max(changed)):
        says, much = (Outcome.REJECTED, "") if changed <= gone else (Outcome.PARTIAL, "partly ")
        yield Weighed(Sign(last.turn, f"{much}undone by {last.how}", says), 3.0)
    if task.undone:
        yield Weighed(Sign(task.opening.turn, "the human rewound to before it", Outcome.REJECTED), 2.0)


def _stopped(task: Task, steps: Sequence[Taken]) -> Iterator[Weighed]:
    """The human stopped the agent, or refused what it wanted, and it did nothing more."""
    events = [event for event in task.events if event.type not in _ASIDE and not event.sidechain]
    last = events[-1] if events else task.opening
    if last.type not in (EventType.INTERRUPT, EventType.REJECTION):
        interrupted = last.type is EventType.TOOL_RESULT and last.error == "interrupted"
        if not interrupted:
            return
    refused = any(event.type is EventType.REJECTION for event in events[-2:])
    tried = any(one.step.edits for one in steps)
    ran = any(one.step.command and one.step.outcome is Outcome.SUCCESS for one in steps)
    kept = any(one.changes and one.step.outcome is Outcome.SUCCESS for one in steps)
    some = kept or (ran and not tried)
    seen = "the human refused the last step" if refused else "the human stopped it"
    yield Weighed(Sign(last.turn, seen, Outcome.PARTIAL if some else Outcome.REJECTED), 2.0)


_GAVE_UP = re.compile(
    r"^\W*(?:API Error\b|(?:Claude (?:AI )?|5-hour )?(?:usage )?limit reached|You've hit your (?:usage "
    r"|session )?limit|Credit balance is too low"
    r"|Prompt is too long|Invalid API key|Request timed out|Execution error)",
    re.I,
)
_UNABLE = re.compile(
    r"\b(?:I (?:was|am|'m)? ?(?:unable to|not able to|couldn't|could not) (?:complete|fix|resolve|get|find"
    r"|make|reproduce|finish|run|solve|implement)"
    r"|(?:tests?|build) (?:is|are) still failing|I (?:have )?failed to\b)",
    re.I,
)


def _gave_up(task: Task) -> Iterator[Weighed]:
    replies = [e for e in task.events if e.type is EventType.REPLY and not e.sidechain and e.text.strip()]
    if not replies:
        return
    last = replies[-1]
    if _GAVE_UP.match(last.text) and task.events[-1] is last:
        yield Weighed(Sign(last.turn, "the agent was cut off by an error", Outcome.FAILURE), 2.0)
    elif _UNABLE.search(last.text):
        yield Weighed(Sign(last.turn, "the agent says that it could not", Outcome.FAILURE), 1.0)
