"""From the events of one session to its trajectories: tasks, the steps taken for each, and how each ended.

The same for every agent, for it reads Events and knows no log format. Several signs are weighed, and the most weight
wins; where there is no sign the outcome is unknown, and nothing is guessed. Stores nothing and changes no event.
"""

from collections import defaultdict
from collections.abc import Sequence

from memsrv.records import Event, EventType, Outcome, Trajectory
from memsrv.trajectories.signs import Weighed, signs
from memsrv.trajectories.steps import results, taken
from memsrv.trajectories.tasks import Task, tasks
from memsrv.trajectories.undoing import undone

__all__ = ["trajectories"]

_TASK_CHARS = 2_000


def trajectories(events: Sequence[Event]) -> tuple[Trajectory, ...]:
    """The tasks of a session whose events are `events`, in their order."""
    heard = [event for event in events if not event.echo]
    ended = results(heard)
    cut = [(task, taken(task.events, ended)) for task in tasks(heard)]
    spoken = [event.turn for event in heard if event.type in (EventType.PROMPT, EventType.REPLY)]
    taken_back = list(undone([step for _, steps in cut for step in steps], spoken))
    found = []
    for task, steps in cut:
        seen = signs(task, steps, taken_back)
        outcome, confidence = verdict(seen)
        found.append(
            Trajectory(
                task.opening.session,
                task.opening.turn,
                task.events[-1].turn,
                _asked(task),
                tuple(one.step for one in steps),
                outcome,
                confidence,
                tuple(weighed.sign for weighed in seen),
            )
        )
    return tuple(found)


def verdict(seen: Sequence[Weighed]) -> tuple[Outcome, float]:
    """The outcome that most speaks for, and how sure that is, from 0 to 1. As much for good as for bad is PARTIAL."""
    if not seen:
        return Outcome.UNKNOWN, 0.0
    weights: dict[Outcome, float] = defaultdict(float)
    for sign, weight in seen:
        weights[sign.says] += weight
    most = max(weights.values())
    leading = [outcome for outcome, weight in weights.items() if weight == most]
    outcome = leading[0] if len(leading) == 1 else Outcome.PARTIAL
    return outcome, round(most / (sum(weights.values()) + 0.5), 2)


def _asked(task: Task) -> str:
    text = task.opening.text.strip() or task.opening.command or ""
    return text if len(text) <= _TASK_CHARS else text[: _TASK_CHARS - 1] + "…"
