"""What a compaction lost: what the summary says stays out, what it does not say comes back with its turn."""

import json
from collections.abc import Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App
from memsrv.cli import remembering
from memsrv.compact.fitting import CHARS_PER_TOKEN
from memsrv.compact.worth import Sentence, clause
from memsrv.errors import NotFound, UsageError
from memsrv.home import Home
from memsrv.mcp.tools import tools
from memsrv.records import EventType, Trust
from memsrv.recover import BUDGET, recover
from memsrv.recover.told import Told
from memsrv.settings import Settings
from memsrv.store import Store

REAL = Path(__file__).parents[3] / "shared" / "logs" / "claude"

#: What a person said before the cut, the value that must survive, and how a host's summary might tell it.
SAID = [
    ("The staging server listens on port 8443.", "8443", "Staging runs at port 8443."),
    ("Never push to main directly, always open a pull request.", "pull request", "Pull requests only, no main pushes."),
    ("Put the tariff tables into db/seeds/tariffs_2026.sql.", "s_2026.sql", "Tariff tables go to `tariffs_2026.sql`."),
    ("Use --max-old-space=4096 for the frontend build.", "4096", "The frontend build needs `--max-old-space=4096`."),
    ("Retry the webhook 7 times, then give up.", "7 times", "Webhook: retried seven times before it gives up."),
    ("Money is always in cents, as Decimal.", "cents", "All money amounts are Decimal, in cents."),
    ("The customer id of Hafen Nord is HN-20417.", "HN-20417", "Hafen Nord has customer id HN-20417."),
    ("We must stay on Python 3.11.7 because of the base image.", "3.11.7", "The base image pins Python 3.11.7."),
    ("Set CRANE_TIMEOUT_MS to 45000 in the worker.", "45000", "Worker: `CRANE_TIMEOUT_MS=45,000`."),
    ("The dashboards are at https://grafana.hafen.example/d/crane-7.", "grafana", "Dashboards: https://grafana.hafen.example/d/crane-7"),
    ("Berth numbers start at 1, not at 0.", "Berth", "Berths are numbered from 1 (not 0)."),
    ("The nightly export must finish before 04:30.", "04:30", "Nightly export has to be finished before 04:30."),
]  # fmt: skip

PREAMBLE = (
    "This session is being continued from a previous conversation that ran out of context.\n"
    "1. Primary Request and Intent:\n   The user asked to build the harbour service.\n"
    "2. Key Technical Concepts:\n   - Python, SQL, webhooks, a frontend and a worker\n"
)


def told(talk: Any, summary: str, name: str = "work") -> Any:
    session = talk(name).says("Please build the harbour service.")
    for sentence, _, _ in SAID:
        session.says(sentence).replies("Understood.")
    cut(session, summary)
    return session.says("Go on.").replies("Going on.")


def recover_of(store: Store, session: Any) -> Any:
    session.into(store)
    return recover(store, "work")


def cut(session: Any, summary: str | None) -> Any:
    session.hears(EventType.COMPACTION, Trust.COMMAND, "auto")
    return session if summary is None else session.hears(EventType.SUMMARY, Trust.TOOL, summary)


@pytest.mark.parametrize("kept", [range(0, 12, 2), range(1, 12, 2)], ids=["every other", "the others"])
def test_half_of_what_was_said_is_in_the_summary_and_the_other_half_comes_back(
    store: Store, talk: Any, kept: range
) -> None:
    told(talk, PREAMBLE + "\n".join(f"   - {SAID[place][2]}" for place in kept)).into(store)

    text = recover(store, "work").text

    for place, (_, value, _) in enumerate(SAID):
        assert (value in text) == (place not in kept), (value, text)


def test_a_summary_that_says_all_leaves_nothing_to_recover(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE + "\n".join(f"- {kept}" for _, _, kept in SAID)).into(store)

    made = recover(store, "work")

    assert "says all that rules could find" in made.text
    assert (made.messages, made.decisions) == ((), ())
    assert sum(made.known.values()) >= len(SAID)


def test_every_item_names_the_turn_where_it_was_said(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE).into(store)
    by_turn = {event.turn: event.text for event in store.events("work")}

    made = recover(store, "work", budget=4000)

    (port,) = [item for item in (*made.decisions, *made.messages) if "8443" in item.text]
    assert "8443" in by_turn[port.turn]
    assert f"[t{port.turn}]" in made.text


def test_a_value_that_stands_at_something_else_does_not_count_as_said(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE + "- The metrics exporter was moved to 8443.").into(store)

    assert "staging" in recover(store, "work").text


def test_what_was_said_again_after_the_cut_is_known(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE).says("As I said, the staging server listens on port 8443.").into(store)

    made = recover(store, "work", budget=4000)

    assert not [item for item in (*made.decisions, *made.messages) if "8443" in item.text]


@pytest.fixture
def worked(talk: Any) -> Any:
    session = talk("work").says("Fix the tariff endpoint.")
    session.runs("pytest tests/test_tariffs.py -q", "KeyError: 'berth_id'", 1)
    session.edits("/repo/api/tariffs.py", 'row["id"]', 'row["berth_id"]')
    session.runs("pytest tests/test_tariffs.py -q").runs("alembic upgrade head").runs("make ship", "denied", 2)
    session.replies("The replica answers at db2.hafen.example:6432 now.")
    session.runs("psql -h db2.hafen.example:6432 -c 'select 1'")
    tasks = [{"content": "write the docs", "status": "completed"}, {"content": "rotate the keys", "status": "pending"}]
    return session.hears(EventType.TOOL_CALL, Trust.ASSISTANT, json.dumps({"todos": tasks}), tool="TodoWrite")


@pytest.mark.parametrize(
    ("section", "lost", "said"),
    [
        ("errors", "`make ship` → exit 2", "Running `make ship` failed with exit 2."),
        ("commands", "`alembic upgrade head` → exit 0", "The migration ran: alembic upgrade head."),
        (
            "files",
            '`/repo/api/tariffs.py`: -row["id"] +row["berth_id"]',
            'In api/tariffs.py it is now row["berth_id"].',
        ),
        ("todo", "pending: rotate the keys", "Pending: the keys are to be rotated."),
        ("values", "db2.hafen.example:6432", "The replica is at db2.hafen.example:6432."),
    ],
)
def test_what_was_done_and_left_open_comes_back_unless_the_summary_has_it(
    store: Store, talk: Any, worked: Any, section: str, lost: str, said: str
) -> None:
    events = list(worked.events)
    cut(worked, "Work on a service.").into(store)
    again = talk("again")
    again.events = [replace(event, id=f"again-{event.id}", session="again") for event in events]
    cut(again, f"Work on a service.\n- {said}").into(store)

    assert lost in _text(recover(store, "work"), section)
    assert lost not in _text(recover(store, "again"), section)


def test_a_failure_is_lost_where_the_summary_has_only_the_command(store: Store, worked: Any) -> None:
    cut(worked, "The user asked to run `make ship` at the end.").into(store)

    assert "make ship" in _text(recover(store, "work"), "errors")


def test_the_summary_itself_never_comes_back(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE + "- The secret port of the summary is 9999.").into(store)

    assert "9999" not in recover(store, "work", budget=8000).text


def test_the_last_of_several_cuts_counts(store: Store, talk: Any) -> None:
    session = cut(talk("work").says("The mail relay is relay-3.hafen.example."), "Nothing yet.")
    session.says("The queue is called tide-events.")
    cut(session, "The mail relay is relay-3.hafen.example.").into(store)

    made = recover(store, "work")

    assert (made.cuts, "tide-events" in made.text, "relay-3" in made.text) == (2, True, False)


def test_without_a_summary_in_the_log_all_of_it_counts_as_lost(store: Store, talk: Any) -> None:
    cut(talk("work").says("The queue is called tide-events."), None).into(store)

    made = recover(store, "work")

    assert (made.compacted, made.summary) == (True, False)
    assert "tide-events" in made.text


def test_a_session_that_was_never_compacted_says_so(store: Store, talk: Any) -> None:
    talk("work").says("The queue is called tide-events.").into(store)

    made = recover(store, "work")

    assert (made.compacted, made.cut) == (False, None)
    assert "never compacted" in made.text


def test_a_session_that_begins_with_a_summary_says_where_to_look(store: Store, talk: Any) -> None:
    talk("work").hears(EventType.SUMMARY, Trust.TOOL, PREAMBLE).says("Go on.").into(store)

    made = recover(store, "work")

    assert made.compacted
    assert "lies in the session that it continues" in made.text


@pytest.mark.parametrize("budget", [100, 150, 300, 1000])
def test_the_budget_is_kept_and_what_had_no_room_is_counted(store: Store, talk: Any, budget: int) -> None:
    told(talk, PREAMBLE).into(store)

    made = recover(store, "work", budget=budget)
    whole = recover(store, "work", budget=8000)

    def shown(recovered: Any) -> int:
        return sum(len(getattr(recovered, name)) for name in ("decisions", "messages", "values"))

    assert len(made.text) <= budget * CHARS_PER_TOKEN
    assert shown(made) + sum(made.left_out.values()) == shown(whole)


def test_what_makes_no_sense_is_refused(store: Store, talk: Any) -> None:
    told(talk, PREAMBLE).into(store)

    with pytest.raises(NotFound):
        recover(store, "nowhere")
    with pytest.raises(UsageError):
        recover(store, "work", budget=10)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("The feature flag of the quay importer is enable-tidewatch.", "enable-tidewatch"),
        ("The importer reads tidal_snapshots, as the quay job does.", "tidal_snapshots"),
        ("The owner of the quay importer is Marit Gloub.", "Gloub"),
        ("Note that the cron expression of the quay job defaults to 32 0 * * 6 unless somebody overrides it for a test "
         "of the whole harbour, in which case nothing of this holds any longer.", "32 0 * * 6"),
        ("The quay job gives up after 97 seconds.", "97"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["says", "replies"])
def test_names_and_numbers_come_back_unless_the_summary_has_them(
    store: Store, talk: Any, who: str, told: str, kept: str
) -> None:
    for name, summary in (("lost", "- The port was 97 once; a read-only view."), ("kept", f"- quay: {told[4:]}")):
        cut(getattr(talk(name).says("Build the harbour."), who)(told), summary).into(store)

    assert kept in recover(store, "lost").text
    assert kept not in recover(store, "kept").text


def test_a_small_number_that_stands_at_something_else_does_not_count_as_said(store: Store, talk: Any) -> None:
    said = "The timeout of the quay mailer is 216 minutes."
    cut(talk("work").says("Go.").replies(said), "- limit of the pier queue: 216 rows").into(store)

    assert "216 minutes" in recover(store, "work").text


def test_a_value_of_several_words_stays_whole_where_its_sentence_is_cut() -> None:
    long = (
        "QUAY_TOKEN_FILE of quay3.hafen.example aside, the cron expression of that job is, I think, 0 4 * * 6 at night."
    )

    assert "0 4 * * 6" in clause(Sentence(long), 60, ["0 4 * * 6"])


def test_a_sentence_comes_back_whole_where_only_a_part_of_it_was_read_as_a_decision(store: Store, talk: Any) -> None:
    said = "Please never change the host of the quay importer, it must remain quay3.hafen.example."
    cut(talk("work").says("Build the harbour.").says(said), "Work on a service.").into(store)

    assert "quay3.hafen.example" in recover(store, "work").text


def test_a_name_beside_what_the_summary_tells_brings_no_sentence_back(store: Store, talk: Any) -> None:
    said = "According to Tadeusz, the timeout of the quay importer is 4718 seconds."
    cut(talk("work").says("Go.").replies(said), "- timeout of the quay importer: 4718 seconds").into(store)

    assert "Tadeusz" not in recover(store, "work").text


def test_ordinary_words_with_a_hyphen_bring_no_sentence_back(store: Store, talk: Any) -> None:
    session = talk("work").says("Only read what is there.").replies("The view that I made is read-only for now.")
    cut(session, "- The timeout was 4718 seconds.").into(store)

    assert "read-only" not in recover(store, "work").text


def test_lines_of_code_do_not_come_back_and_what_was_printed_does(store: Store, talk: Any) -> None:
    session = talk("work").says("Go.").replies("Like this:\n```python\nfd = os.open(quay_path, flags)\n```")
    shown = (
        '  <div className="h-8 w-8 berth-pane">\n 12\tlimit: berth.limit_of,\nquay importer: topic is tide.created\n'
    )
    session.runs("make check", f'{shown}[quay] started by Marit Gloub\n  "relay": "relay-3.hafen",')
    cut(session, "Work on a service.").into(store)

    text = recover(store, "work").text

    assert not [word for word in ("os.open", "berth") if word in text]
    assert [word for word in ("tide.created", "Gloub", "relay-3.hafen") if word not in text] == []


def test_the_newest_comes_first(store: Store, talk: Any) -> None:
    made = recover_of(store, told(talk, PREAMBLE))

    turns = [item.turn for item in made.messages]
    assert turns == sorted(turns, reverse=True)


def test_little_dropped_is_little_returned_whatever_the_budget(store: Store, talk: Any) -> None:
    made = recover_of(store, told(talk, PREAMBLE + "\n".join(f"- {kept}" for _, _, kept in SAID[1:])))

    assert "8443" in made.text
    assert made.tokens < 100


def test_every_door_has_the_same_ceiling() -> None:
    (tool,) = [tool for tool in tools(None) if tool.name == "session_recover"]
    asked = [signature(door).parameters["budget"].default for door in (App.recover, remembering.recover)]

    assert [*asked, tool.parameters["properties"]["budget"]["default"]] == [BUDGET] * 3


@pytest.mark.parametrize(
    ("summary", "sentence", "known"),
    [
        ("The service listens on 5433.", "The service listens on port 5433.", True),
        ("The service listens on 54330.", "The service listens on port 5433.", False),
        ("Indent with four spaces.", "Indent with 4 spaces.", True),
        ("Indent with 2 spaces.", "Indent with 4 spaces.", False),
        ("See `src/api/app.ts:42` for the route table.", "The route table is in app.ts.", True),
        ("Version 2.4.1 of the parser is required.", "We need v2.4.1 of the parser.", True),
        ("Version 2.4.10 of the parser is required.", "We need v2.4.1 of the parser.", False),
        ("The limit is 30,000 rows per import.", "An import is limited to 30_000 rows.", True),
        ("Deploy with `--region eu-west-3`.", "Deploy to --region=eu-west-3.", True),
        ("Tests should be quick.", "Prefer composition over inheritance.", False),
        ("Composition is preferred over inheritance.", "Prefer composition over inheritance.", True),
        ("キューの名前は潮汐イベントです。", "キューの名前は潮汐イベント", True),
        ("テストを書く。", "キューの名前は潮汐イベント", False),
        ("anything", "ok, thanks", True),
    ],
)
def test_a_text_says_a_sentence_by_its_values_and_the_words_beside_them(
    summary: str, sentence: str, known: bool
) -> None:
    assert Told([summary]).says(sentence) is known


def _log(path: Path, cwd: Path) -> None:
    """A log as Claude Code writes it: talk, the boundary, the summary that it keeps for itself, and more talk."""

    def said(kind: str, text: str, **rest: object) -> dict[str, object]:
        content: object = text if kind == "user" else [{"type": "text", "text": text}]
        return {"type": kind, "message": {"role": kind, "content": content}, **rest}

    summary = "This session is being continued from a previous conversation that ran out of context. The queue is " + (
        "called tide-events; nothing else was settled."
    )
    records = [
        said("user", "The queue is called tide-events."),
        said("assistant", "Noted."),
        said("user", "The relay of the harbour is relay-3.hafen.example:2525."),
        said("assistant", "Noted, too."),
        {"type": "system", "subtype": "compact_boundary", "content": "Conversation compacted",
         "compactMetadata": {"trigger": "auto", "preTokens": 155000}},
        said("user", summary, isCompactSummary=True, isVisibleInTranscriptOnly=True),
        said("user", "Go on."),
    ]  # fmt: skip
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        for place, record in enumerate(records):
            envelope = {
                "uuid": f"u{place}", "parentUuid": f"u{place - 1}" if place else None, "sessionId": "harbour",
                "timestamp": f"2026-11-20T09:0{place}:00.000Z", "cwd": str(cwd), "version": "2.1.226",
                "isSidechain": False, "userType": "external",
            }  # fmt: skip
            file.write(json.dumps(envelope | record) + "\n")


def test_a_log_of_claude_code_gives_back_what_its_summary_left_out(tmp_path: Path) -> None:
    _log(tmp_path / "claude" / "-shop" / "harbour.jsonl", tmp_path)
    app = App(Home(tmp_path / "home"), Settings(), tmp_path)
    app.ingest([tmp_path / "claude"])

    made = app.recover()

    assert "relay-3.hafen.example:2525" in made.text
    assert "tide-events" not in made.text
    assert (made.compacted, made.summary, made.cuts) == (True, True, 1)


def compacted_logs() -> Iterator[Path]:
    for log in sorted(REAL.rglob("*.jsonl")):
        if b"compact_boundary" in (data := log.read_bytes()) or b'"isCompactSummary":true' in data:
            yield log


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real logs at {REAL}")
def test_real_logs_that_hold_a_compaction_are_recovered(tmp_path: Path) -> None:
    """In the one real log that is there the summary tells all of a short talk, word for word."""
    logs = list(compacted_logs())
    app = App(Home(tmp_path / "home"), Settings(), tmp_path)
    app.ingest(logs)

    made = [app.recover(session.id, project=session.project) for session in app.store.sessions()]

    assert logs
    assert [(one.compacted, one.summary) for one in made] == [(True, True)] * len(logs)
    assert [one.known.get("messages") for one in made if one.session == "compact"] == [1]


def _text(made: Any, section: str) -> str:
    return "\n".join(item.text for item in getattr(made, section))
