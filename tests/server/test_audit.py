"""The audit from the outside: what it finds in a ledger that was made to be wrong, with evidence and what mends it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.echo import fence
from memsrv.errors import UsageError
from memsrv.home import Home
from memsrv.records import EventType, Evidence, Kind, Memory, Trust, to_dict
from memsrv.redact import Redactor
from memsrv.remember import remember, save
from memsrv.settings import Settings
from memsrv.store import Delta

TOKEN = "ghp_" + "9aK2mXq7Zt4RwB8cLfY3hNs6VpD1gJe5uQ0T"
PLAIN = Redactor(b"0" * 32)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(Home(tmp_path), Settings(), tmp_path)
    yield made
    made.close()


def saved(app: App, text: str, kind: Kind = Kind.SEMANTIC, day: int = 1, trust: Trust = Trust.HUMAN) -> str:
    now = f"2026-10-{day:02}T09:00:00.5Z"
    return save(app.store, PLAIN, text, kind=kind, project="demo", now=now, trust=trust).id


def found(app: App, sort: str) -> set[str]:
    return {one.id for one in app.audit(project="demo").findings if one.sort == sort}


# Alike


@pytest.mark.parametrize(
    ("one", "other", "sort"),
    [
        ("Run the linter before every commit.", "Run the linter before each and every commit", "duplicate"),
        ("Keep all schema changes in db/changes.", "All of the schema changes, keep them in db/changes", "duplicate"),
        (
            "Reviewers of the payment code always check rounding and currency in src/pay.py.",
            "Reviewers of the payment code always check rounding and currency in src/tax.py.",
            None,
        ),
        ("Retry the upload 3 times.", "Retry the upload 5 times.", "contradiction"),
        ("Deploy the shop on Fridays.", "Never deploy the shop on Fridays.", "contradiction"),
        ("Run the linter before every commit.", "Run the tests before every release.", None),
        ("Use ruff.", "Use black.", None),
        ("The owner of billing is Marta.", "The owner of shipping is Marta.", None),
    ],
)
def test_what_says_the_same_or_the_opposite_is_flagged(app: App, one: str, other: str, sort: str | None) -> None:
    ids = [saved(app, one, day=1), saved(app, other, day=2)]

    listed = app.conflicts(project="demo").conflicts

    assert [(c.sort, c.one.id, c.other.id) for c in listed] == ([(sort, *ids)] if sort else [])


def test_memories_of_other_projects_are_not_compared(app: App) -> None:
    for project in ("demo", "other"):
        save(app.store, PLAIN, "Run the linter before every commit.", kind=Kind.SEMANTIC, project=project,
             now="2026-10-01T09:00:00Z")  # fmt: skip

    assert app.conflicts(project="*").conflicts == ()


def test_ten_thousand_memories_are_compared_and_the_pair_is_found(app: App) -> None:
    texts = [f"Module m{n} is owned by team t{n % 97} and deployed to region r{n % 13}." for n in range(10_000)]
    texts += ["Run the linter before every commit.", "Run the linter before each commit."]
    app.store.remember(
        Memory(f"mem_{n:012x}", "demo", Kind.SEMANTIC, text, Trust.HUMAN, origin="saved")
        for n, text in enumerate(texts)
    )

    duplicates = [c for c in app.conflicts(project="demo").conflicts if c.sort == "duplicate"]

    assert [(c.one.text, c.other.text) for c in duplicates] == [tuple(texts[-2:])]


def test_a_resolved_duplicate_joins_its_evidence_and_stays_resolved(app: App, talk: Any) -> None:
    talk("a", started="2026-10-01T09:00:00").says("Always explain regular expressions in a comment.").into(app.store)
    talk("b", started="2026-10-02T09:00:00").says("Please always explain the regular expressions in comments.").into(
        app.store
    )
    remember(app.store)
    (conflict,) = app.conflicts(project="demo").conflicts
    gone, kept = conflict.remedy.split()[3], conflict.remedy.split()[5]

    shown = app.resolve(gone, keep=kept, dry_run=True)
    untouched = app.conflicts(project="demo").conflicts
    done = app.resolve(gone, keep=kept)
    remember(app.store)

    assert (shown.done, shown.evidence, len(untouched)) == (False, 1, 1)
    assert (done.done, done.sort) == (True, "duplicate")
    assert {quote.session for quote in app.store.memory(kept).evidence} == {"a", "b"}
    assert app.store.memory(gone).superseded_by == kept
    assert app.conflicts(project="demo").conflicts == ()
    assert [c.delta for c in app.store.changes([kept]) if c.who == "person"] == [Delta.MERGE]


def test_what_an_agent_saved_against_a_persons_words_is_listed_until_the_person_decides(app: App) -> None:
    said = saved(app, "The port of the tide database is 5434.", Kind.EPISODIC, 1)
    against = saved(app, "The port of the tide database is 6666.", Kind.EPISODIC, 2, Trust.ASSISTANT)
    (conflict,) = app.conflicts(project="demo").conflicts

    app.resolve(against, keep=said)

    assert (conflict.sort, conflict.one.id, conflict.other.id) == ("overruled", said, against)
    assert conflict.remedy == f"memsrv conflicts resolve {against} --keep {said}"
    assert {memory.id for memory in app.store.memories("demo")} == {said}
    assert app.conflicts(project="demo").conflicts == ()


def test_an_agents_newer_words_may_be_agreed_to(app: App) -> None:
    said = saved(app, "The port of the tide database is 5434.", Kind.EPISODIC, 1)
    newer = saved(app, "The port of the tide database is 5435.", Kind.EPISODIC, 2, Trust.ASSISTANT)

    app.resolve(said, keep=newer)

    assert {memory.id for memory in app.store.memories("demo")} == {newer}
    assert app.conflicts(project="demo").conflicts == ()


def test_what_cannot_be_resolved_is_refused_and_changes_nothing(app: App) -> None:
    one, other = saved(app, "Retry the upload 3 times."), saved(app, "Retry the upload 5 times.")
    app.store.retire(one, "2026-10-03T09:00:00.5Z")
    before = app.store.memories("demo", include_retired=True)

    for id, keep in ((one, one), (one, other)):
        with pytest.raises(UsageError):
            app.resolve(id, keep=keep)

    assert app.store.memories("demo", include_retired=True) == before


# Loops, junk, secrets, uses


def test_what_was_learned_from_our_own_words_is_a_loop(app: App, talk: Any) -> None:
    told = talk("a").says("Which port?")
    told.hears(EventType.TOOL_RESULT, Trust.TOOL, fence("The port of the tide database is 5434."), echo=True)
    told.replies("The port of the tide database is 5434.").into(app.store)
    quote = Evidence("a", 2, "The port of the tide database is 5434.")
    loop = Memory("mem_000000000001", "demo", Kind.EPISODIC, quote.quote, Trust.ASSISTANT, (quote,))
    app.store.remember([loop])

    assert found(app, "loop") == {loop.id}


def test_junk_is_what_nothing_speaks_for_or_nobody_could_use(app: App, talk: Any) -> None:
    talk("a").says("Fix the build.").into(app.store)
    away = Memory("mem_00000000000a", "demo", Kind.SEMANTIC, "Keep all helpers in one folder.", Trust.HUMAN,
                  (Evidence("a", 0, "Keep all helpers in one folder."),))  # fmt: skip
    bare = Memory("mem_00000000000b", "demo", Kind.SEMANTIC, "Keep every class below ten lines.", Trust.HUMAN)
    app.store.remember([away, bare])
    short, good = saved(app, "Be quick."), saved(app, "Explain every regular expression in a comment.")
    passing = saved(app, "For now, leave that test alone.")

    assert found(app, "junk") == {away.id, bare.id, short, passing}
    assert good not in found(app, "junk")


def test_a_secret_that_was_stored_is_found_and_not_printed(app: App, talk: Any) -> None:
    talk("a").says(f"The registry token is {TOKEN}.").into(app.store)  # appended past the first gate
    held = Memory(
        "mem_00000000000c", "demo", Kind.EPISODIC, f"The token of ci is {TOKEN}.", Trust.HUMAN, origin="saved"
    )
    app.store.remember([held])

    audited = app.audit(project="demo")

    assert {one.id for one in audited.findings if one.sort == "secret"} == {"a:0", held.id}
    assert TOKEN not in json.dumps(to_dict(audited))


def test_what_agents_are_given_is_counted_with_how_the_task_ended(app: App, talk: Any) -> None:
    used = saved(app, "The port of the tide database is 5434.", Kind.EPISODIC)
    unused = saved(app, "The port of the moon database is 7777.", Kind.EPISODIC)
    told = talk("a", started="2026-10-20T09:00:00").says("Which port does the tide database have? Then run the tests.")
    told.hears(EventType.TOOL_RESULT, Trust.TOOL, fence(f"5434 ({used})"), echo=True)
    told.runs("pytest --port 5434", "3 passed").says("Great, that works, thanks.").into(app.store)

    app.remember_sessions(app.waiting_sessions())
    app.remember_sessions({"a": 9})
    counters = app.store.counters()

    assert set(counters) == {used}
    assert (counters[used].given, counters[used].success, counters[used].failure) == (1, 1, 0)
    assert unused in found(app, "never recalled")
    assert used not in found(app, "never recalled")


def test_where_no_agent_asks_nothing_is_called_never_recalled(app: App) -> None:
    saved(app, "The port of the moon database is 7777.", Kind.EPISODIC)

    assert found(app, "never recalled") == set()


def test_every_finding_has_a_command_that_mends_it(app: App, talk: Any) -> None:
    for day, text in enumerate(("Retry the upload 3 times.", "Retry the upload 5 times.", "Be quick."), 1):
        saved(app, text, day=day)

    findings = app.audit(project="demo").findings

    assert [one.sort for one in findings] == ["junk", "contradiction"]
    assert all(one.remedy.startswith("memsrv ") for one in findings)


# What people had to say again


def test_a_correction_is_counted_again_by_week_and_session(app: App, talk: Any) -> None:
    said = [
        ("2026-11-02", "Always use pnpm, never npm."), ("2026-11-03", "Fix the build."),
        ("2026-11-10", "Always use pnpm, never npm."), ("2026-11-12", "No, always use pnpm, never npm!"),
        ("2026-11-17", "From now on, use 4 spaces for indentation."),
        ("2026-11-18", "From now on, use tabs for indentation."),
    ]  # fmt: skip
    for day, words in said:
        session = talk(f"s{day}", started=f"{day}T09:00:00").says("Fix the form.").replies().says(words).says(words)
        session.into(app.store)
    app.remember_sessions(app.waiting_sessions())

    audited = app.audit(project="demo")

    assert [(w.week, w.sessions, w.repeated, w.changed) for w in audited.weeks] == [
        ("2026-W45", 2, 0, 0), ("2026-W46", 2, 2, 0), ("2026-W47", 2, 0, 1),
    ]  # fmt: skip
    again = audited.weeks[1].again
    assert [(one.said.session, one.first.session) for one in again] == [
        ("s2026-11-10", "s2026-11-02"), ("s2026-11-12", "s2026-11-02"),
    ]  # fmt: skip


def test_what_an_agent_says_again_is_no_repetition_of_a_persons(app: App, talk: Any) -> None:
    for day in (2, 9):
        talk(f"s{day}", started=f"2026-11-{day:02}T09:00:00").says("Hi.").replies("Always use pnpm.").into(app.store)
    app.remember_sessions(app.waiting_sessions())

    assert app.audit(project="demo").repeated == 0


def test_an_empty_home_has_nothing_to_mend(app: App) -> None:
    audited = app.audit(project="demo")

    assert (audited.memories, audited.findings, audited.weeks) == (0, (), ())
