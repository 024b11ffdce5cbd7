"""Logged turns: what worked is replayed with the memory of its day; nothing else of a log becomes a target."""

from dataclasses import replace

import pytest

from memsrv.records import (
    Episode,
    Event,
    EventType,
    Evidence,
    Fact,
    Kind,
    Memory,
    Outcome,
    Session,
    Step,
    Trajectory,
    Trust,
)
from memsrv.redact import Redactor
from memsrv_consolidation.logged import logged

REDACTOR = Redactor(b"k")
TOKEN = "ghp_" + "9aK2mXq7Zt4RwB8cLfY3hNs6VpD1gJe5uQ0T"
PROMPT = Event("p", "s1", EventType.PROMPT, Trust.HUMAN, "Start the staging server.", "2026-11-04T08:00:00Z", turn=0)
REPLY = Event("r", "s1", EventType.REPLY, Trust.ASSISTANT, "The staging server runs and answers its health check.",
              "2026-11-04T08:01:00Z", turn=3)  # fmt: skip
WELL = Trajectory("s1", 0, 4, PROMPT.text, (), Outcome.SUCCESS, 0.8)
LESSON = Fact("l", Kind.PROCEDURAL, "x", Trust.HUMAN, (), "serve()", "replacement", "start()")


def episode(prompt: Event = PROMPT, reply: Event = REPLY, task: Trajectory = WELL) -> Episode:
    failed = Event("t", "s1", EventType.TOOL_CALL, Trust.ASSISTANT, command="serve --old", turn=1)
    return Episode(Session("s1", "claude-code", "demo", "log"), (prompt, failed, reply), (task,))


def memory(id: str, text: str, since: str, until: str | None = None, trust: Trust = Trust.HUMAN) -> Memory:
    return Memory(
        id, "demo", Kind.EPISODIC, text, trust, (Evidence("s0", 1, "said"),), valid_from=since, valid_to=until
    )


MEMORIES = [
    memory("old", "The port of staging server is 8080.", "2026-11-02T08:00:00Z", "2026-11-05T08:00:00Z"),
    memory("new", "The port of staging server is 8443.", "2026-11-05T08:00:00Z"),
    memory("ended", "The port of staging server is 80.", "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"),
    memory("same", "Start means make up.", PROMPT.time or ""),
    memory("web", "Servers start by themselves.", "2026-11-02T08:00:00Z", trust=Trust.WEB),
]


def replayed(found: Episode, *, withheld: tuple[str, ...] = (), memories: tuple[Memory, ...] = ()) -> list[str]:
    return [one.messages[-1].content for one in logged([found], memories, [LESSON], withheld, 9, 7, REDACTOR)]


def test_a_turn_that_went_well_is_replayed_with_the_memory_of_that_day() -> None:
    (one,) = logged([episode()], MEMORIES, [], (), 9, 7, REDACTOR)
    memory, prompt, reply = one.messages

    assert (prompt.content, reply.content) == (PROMPT.text, REPLY.text)
    assert [line for line in memory.content.splitlines() if line.startswith("- ")] == [
        "- The port of staging server is 8080."
    ]
    assert {(said.session, said.turn) for said in one.sources} == {("s1", 0), ("s1", 3), ("s0", 1)}


def test_what_is_said_before_the_work_is_done_is_a_plan_and_not_replayed() -> None:
    assert replayed(episode(task=replace(WELL, steps=(Step(2),)))) == [REPLY.text]
    assert replayed(episode(task=replace(WELL, steps=(Step(4),)))) == []


@pytest.mark.parametrize("outcome", [Outcome.FAILURE, Outcome.PARTIAL, Outcome.REJECTED, Outcome.UNKNOWN])
def test_what_did_not_go_well_is_not_replayed(outcome: Outcome) -> None:
    assert replayed(episode(task=replace(WELL, outcome=outcome))) == []


def test_a_guess_that_it_went_well_is_not_enough() -> None:
    assert replayed(episode(task=replace(WELL, confidence=0.3))) == []


@pytest.mark.parametrize(
    "reply",
    [
        replace(REPLY, text=f"I used {TOKEN} to start the staging server."),
        replace(REPLY, text="I used [redacted:github-token:1] to start it."),
        replace(REPLY, text="Not serve() any more: I called start() for it."),
        replace(REPLY, trust=Trust.TOOL),
        replace(REPLY, echo=True),
        replace(REPLY, on_main_path=False),
        replace(REPLY, sidechain=True),
        replace(REPLY, model="memsrv/demo@v3"),
        replace(REPLY, text="Done."),
        replace(REPLY, text="It runs. " * 200),
    ],
    ids=("secret", "redacted", "mistake", "tool", "echo", "rewound", "subagent", "ours", "short", "long"),
)
def test_a_reply_that_may_not_be_learned_is_not_replayed(reply: Event) -> None:
    assert replayed(episode(reply=reply)) == []


@pytest.mark.parametrize(
    "prompt",
    [
        replace(PROMPT, text=f"Start it with {TOKEN}."),
        replace(PROMPT, trust=Trust.TOOL),
        replace(PROMPT, echo=True),
        replace(PROMPT, type=EventType.COMMAND),
    ],
    ids=("secret", "tool", "echo", "command"),
)
def test_only_what_a_person_typed_is_a_prompt(prompt: Event) -> None:
    assert replayed(episode(prompt=prompt)) == []


def test_a_value_that_stays_out_of_weights_is_in_no_replayed_reply() -> None:
    told = episode(reply=replace(REPLY, text="The staging server answers on port 8443 now."))

    assert replayed(told) != []
    assert replayed(told, withheld=("8443",)) == []


def test_no_more_turns_are_drawn_than_asked_for_and_the_same_each_time() -> None:
    many = [
        Episode(Session(f"s{n}", "claude-code", "demo", "log"), episode().steps, episode().trajectories)
        for n in range(9)
    ]

    assert len(logged(many, MEMORIES, [], (), 4, 7, REDACTOR)) == 4
    assert logged(many, MEMORIES, [], (), 4, 7, REDACTOR) == logged(many, MEMORIES, [], (), 4, 7, REDACTOR)
