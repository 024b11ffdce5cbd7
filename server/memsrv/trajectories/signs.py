"""What speaks for one outcome of a task: the human's words, tests and other checks, commits, undoing, being stopped.

Each sign has a weight. Only what came last counts: a test that failed before the last edit says nothing of the end, nor
does a complaint that the agent worked on after. Knows tasks and steps, and decides nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from memsrv.lenses.checks import Counts, counts
from memsrv.lenses.runs import bare, is_probe, program
from memsrv.records import Event, EventType, Outcome, Sign, Step
from memsrv.trajectories.reactions import Reaction
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
_ASIDE = (EventType.NOTE, EventType.SUMMARY, EventType.COMPACTION)


def signs(task: Task, steps: Sequence[Step], ended: Mapping[str, Event], taken_back: Sequence[Undone]) -> list[Weighed]:
    """Every sign of `task`, in the order of its turns. `taken_back` is all that was undone in the session."""
    found = [
        *_said(task, steps),
        *_checked(task, steps, ended),
        *_committed(steps),
        *_undone(task, steps, taken_back),
        *_stopped(task, steps),
        *_gave_up(task),
    ]
    return sorted(found, key=lambda weighed: weighed.sign.turn)


def _said(task: Task, steps: Sequence[Step]) -> Iterator[Weighed]:
    changed = [step.turn for step in steps if step.edits and step.outcome is not Outcome.FAILURE]
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


#: Programs whose running well or badly tells whether the work is any good.
_CHECKING = re.compile(
    r"\b(?:py\.?test|unittest|tox|nox|jest|vitest|mocha|ava|playwright|cypress|rspec|phpunit|pest|ctest|behave|minitest"
    r"|(?:go|cargo|mix|dotnet|swift|deno|bun|flutter|dart|rake|rails|npm|pnpm|yarn|make|just|hatch|poetry"
    r"|uv|zig|sbt|bazel)"
    r"(?:\s+-\S+)*\s+(?:run\s+|exec\s+)?(?:[\w:.-]*(?:test|check|build|lint|vet|clippy|compile|analy[sz]e"
    r"|typecheck|type-check|tsc|ci|validate|verify)[\w:.-]*)"
    r"|(?:mvn|mvnw|gradle|gradlew)\b|tsc\b|eslint|ruff|mypy|pyright|flake8|pylint|clippy|rubocop|phpstan"
    r"|golangci-lint|shellcheck"
    r"|next\s+build|vite\s+build|xcodebuild|make\s*$)",
    re.I,
)
_RUNNING = re.compile(
    r"^(?:\S+=\S+\s+)*(?:\S*/)?(?:python3?|node|ruby|php|deno|bun|npx|ts-node|tsx|java|go\s+run|cargo\s+run"
    r"|dotnet\s+run|\./\S+|bash\s+\S+\.sh|sh\s+\S+\.sh"
    r"|(?:npm|pnpm|yarn)\s+(?:run\s+)?(?:start|dev|serve)|uv\s+run|poetry\s+run|docker|curl|make)\b",
    re.I,
)


def _checked(task: Task, steps: Sequence[Step], ended: Mapping[str, Event]) -> Iterator[Weighed]:
    """The last tests, and the last other check, since the last edit; else the last command that acts."""
    changed = max((s.turn for s in steps if s.edits and s.outcome is not Outcome.FAILURE), default=-1)
    results = {e.turn: ended.get(e.call or "") for e in task.events if e.type is EventType.TOOL_CALL}
    tests = other = done = None
    for step in steps:
        if not step.command or step.turn < changed or is_probe(step.command):
            continue
        result = results.get(step.turn)
        printed = counts(result.text) if result is not None else None
        if printed is not None and printed.tests and (printed.passed or printed.failed):
            tests = (step, printed)
        elif step.outcome in (Outcome.SUCCESS, Outcome.FAILURE):
            if printed is not None or _CHECKING.search(bare(step.command)):
                other = (step, printed)
            elif changed >= 0 and _RUNNING.match(bare(step.command)):
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


def _seen(step: Step, printed: Counts | None) -> str:
    told = str(printed) if printed is not None else step.grounds or str(step.outcome)
    return f"{program(step.command or '')}: {told}"


def _committed(steps: Sequence[Step]) -> Iterator[Weighed]:
    changed = max((s.turn for s in steps if s.edits), default=-1)
    for step in steps:
        if committed(step) and step.outcome is Outcome.SUCCESS and step.turn > changed:
            yield Weighed(Sign(step.turn, "committed", Outcome.SUCCESS), 2.0)
            return


def _undone(task: Task, steps: Sequence[Step], taken_back: Sequence[Undone]) -> Iterator[Weighed]:
    changed = {s.turn for s in steps if s.edits and s.outcome not in (Outcome.FAILURE, Outcome.REJECTED)}
    gone: set[int] = set()
    for one in taken_back:
        mine = one.edits & changed
        gone |= mine | ({one.turn} & changed)
        if mine and changed <= gone:  # nothing of it is left
            yield Weighed(Sign(one.turn, f"undone by {one.how}", Outcome.REJECTED), 3.0)
    if task.undone:
        yield Weighed(Sign(task.opening.turn, "the human rewound to before it", Outcome.REJECTED), 2.0)


def _stopped(task: Task, steps: Sequence[Step]) -> Iterator[Weighed]:
    """The human stopped the agent, or refused what it wanted, and it did nothing more."""
    events = [event for event in task.events if event.type not in _ASIDE and not event.sidechain]
    last = events[-1] if events else task.opening
    if last.type not in (EventType.INTERRUPT, EventType.REJECTION):
        interrupted = last.type is EventType.TOOL_RESULT and last.error == "interrupted"
        if not interrupted:
            return
    refused = any(event.type is EventType.REJECTION for event in events[-2:])
    some = any(step.outcome is Outcome.SUCCESS and (step.edits or step.command) for step in steps)
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
