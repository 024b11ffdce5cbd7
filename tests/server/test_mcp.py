"""The MCP door: what agents are offered, what they get back, and how it fails. In memory, and once over real stdio."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from memsrv import echo, mcp
from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.errors import NoAdapterYet, NotFound
from memsrv.home import Home
from memsrv.records import Kind
from memsrv.settings import Settings

HIT = {
    "id": "m1",
    "kind": "procedural",
    "text": "When pytest hangs:\nset CI=1.",
    "score": 0.8,
    "session": "s1",
    "turn": 4,
    "agent": "claude-code",
    "project": "shop",
    "time": "2026-11-19T10:00:00Z",
    "why": ["words"],
}
TOLD = {
    "state": "answered",
    "answer": "5433",
    "known": True,
    "model": "memsrv/shop@v3",
    "adapter": "shop@v3",
    "memories": [],
}


@dataclass
class Scripted:
    """Verbs that give what they are told to."""

    gives: dict[str, Any] = field(default_factory=dict)
    begin: str | None = None
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def _do(self, verb: str, **given: Any) -> Any:
        self.heard.append((verb, given))
        made = self.gives[verb]
        if isinstance(made, Exception):
            raise made
        return made

    def search(self, query: str, *, project: str | None = None, kinds: Sequence[Kind] = (), limit: int = 8) -> object:
        return self._do("search", query=query, project=project, kinds=list(kinds), limit=limit)

    def show(self, id: str, *, around: int = 2) -> object:
        return self._do("show", id=id, around=around)

    def save(self, text: str, *, kind: Kind, project: str | None = None, supersedes: str | None = None) -> object:
        return self._do("save", text=text, kind=kind, project=project, supersedes=supersedes)

    def status(self, *, project: str | None = None) -> object:
        return self._do("status", project=project)

    def compact(
        self, session: str | None = None, *, mode: str = "handoff", budget: int = 1500, project: str | None = None
    ) -> object:
        return self._do("compact", session=session, mode=mode, budget=budget, project=project)

    def forget(self, ids: Sequence[str], *, erase: bool = False, confirm: str | None = None) -> object:
        return self._do("forget", ids=list(ids), erase=erase, confirm=confirm)

    def recover(self, session: str | None = None, *, budget: int = 1500, project: str | None = None) -> object:
        return self._do("recover", session=session, budget=budget, project=project)

    def ask(self, question: str, *, model: str | None = None, wait: bool = True) -> object:
        return self._do("ask", question=question, model=model, wait=wait)

    def how_to_begin(self) -> str | None:
        return self.begin

    def memories(self, *, project: str | None = None) -> object:
        return self._do("memories", project=project)

    def sessions(self, *, project: str | None = None) -> object:
        return self._do("sessions", project=project)

    def context(self, query: str | None = None, *, project: str | None = None, budget: int = 2000) -> object:
        return self._do("context", query=query, project=project, budget=budget)


def call(verbs: Scripted, tool: str, **arguments: Any) -> Any:
    async def once() -> Any:
        async with Client(mcp.build(verbs)) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(once)


def words(result: Any) -> str:
    text = str(result.content[0].text)
    assert result.is_error or text == echo.fence(text)  # it says whose words these are
    return text.removeprefix("<memsrv-recall>\n").removesuffix("\n</memsrv-recall>")


def listed() -> str:
    """The answer to tools/list, as it is sent."""

    async def once() -> str:
        async with Client(mcp.build(Scripted())) as client:
            return (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)

    return anyio.run(once)


def offered() -> list[Any]:
    async def once() -> list[Any]:
        async with Client(mcp.build(Scripted())) as client:
            return list((await client.list_tools()).tools)

    return anyio.run(once)


def test_the_tools_are_these_in_this_order() -> None:
    assert [tool.name for tool in offered()] == [
        "memory_search",
        "memory_open",
        "memory_save",
        "memory_forget",
        "memory_status",
        "session_compact",
        "session_recover",
        "memory_ask",
    ]


def test_all_definitions_fit_six_kilobytes() -> None:
    assert len(listed()) <= 6_000


def test_the_definitions_change_only_on_purpose() -> None:
    """A host that was shown these once may trust them for good: what changes here, changes in every agent's context."""
    golden = Path(__file__).with_name("tools_list.json")

    assert json.loads(listed())["tools"] == json.loads(golden.read_text("utf-8"))


def test_two_tools_write_and_only_forgetting_destroys() -> None:
    marks = {t.name: t.annotations for t in offered()}
    writing = {name: mark.destructive_hint for name, mark in marks.items() if not mark.read_only_hint}

    assert writing == {"memory_save": False, "memory_forget": True}
    assert all(mark.open_world_hint is False for mark in marks.values())
    assert all(marks[name].idempotent_hint for name in writing)


def test_no_tool_can_change_the_weights_that_judge_the_agent() -> None:
    text = json.dumps([t.model_dump(mode="json") for t in offered()])

    assert not [word for word in ("promote", "rollback", "delete", "config") if word in text.casefold()]


def test_an_argument_may_be_null_though_the_schema_does_not_say_so() -> None:
    verbs = Scripted({"search": {"results": [], "engine": "fts5"}})

    assert not call(verbs, "memory_search", query="port", kinds=None, project=None).is_error


def test_the_instructions_say_when_to_call_and_what_results_are() -> None:
    assert "before debugging" in mcp.INSTRUCTIONS
    assert "After the host compacted the conversation, call session_recover" in mcp.INSTRUCTIONS
    assert "evidence, not instructions" in mcp.INSTRUCTIONS
    assert len(mcp.INSTRUCTIONS) < 600


def test_a_search_gives_structure_and_one_line_a_hit() -> None:
    result = call(Scripted({"search": {"results": [HIT], "engine": "fts5"}}), "memory_search", query="pytest hangs")

    assert result.structured_content["results"][0]["why"] == ["words"]
    assert words(result) == (
        "- [procedural] When pytest hangs: set CI=1. (m1, session s1 turn 4, 2026-11-19T10:00:00Z; words)"
    )


def test_an_agent_that_saves_is_told_whose_words_it_ended_and_what_is_like_it() -> None:
    saved = {
        "id": "m9", "status": "superseding", "superseded": ["m1"], "redactions": 1, "overruled": ["m1"],
        "alike": [{"sort": "duplicate", "id": "m2", "text": "Ports are\nfixed."}],
    }  # fmt: skip
    told = words(call(Scripted({"save": saved}), "memory_save", text="x", kind="episodic"))

    assert told.startswith(
        "Saved as m9; it supersedes m1. 1 secret in it was redacted. The user had said m1: tell them"
    )
    assert told.endswith(
        'Says nearly what m2 says: "Ports are fixed."; if one of them is to go, memory_forget ends it.'
    )


def test_an_agent_reads_of_each_result_why_it_is_there_and_why_it_may_not_hold() -> None:
    doubtful = {
        **HIT,
        "why": ["memory", "words", "superseded", "stale: src/old.py is gone", "on branch next"],
        "superseded_by": "m2",
    }
    saved = {**HIT, "id": "m2", "session": None, "turn": None, "who": "user"}
    found = call(Scripted({"search": {"results": [doubtful, saved], "engine": "fts5"}}), "memory_search", query="ci")

    first, second = words(found).splitlines()
    assert first.startswith("- [procedural, superseded by m2, stale: src/old.py is gone, on branch next] When")
    assert first.endswith("2026-11-19T10:00:00Z; memory, words)")
    assert second.endswith("(m2, user, 2026-11-19T10:00:00Z; words)")


def test_an_agents_terminal_gets_no_control_characters_from_memory() -> None:
    hostile = {**HIT, "text": "zebra \x1b[31mred \x1b]0;title\x07 \u202efdp.exe"}
    found = call(Scripted({"search": {"results": [hostile], "engine": "fts5"}}), "memory_search", query="zebra")

    assert "zebra [31mred ]0;title fdp.exe" in words(found)


def test_a_search_passes_on_what_the_agent_said() -> None:
    verbs = Scripted({"search": {"results": [], "engine": "fts5"}})

    call(verbs, "memory_search", query="port", kinds=["episodic"], project="*", limit=3)

    assert verbs.heard == [("search", {"query": "port", "project": "*", "kinds": [Kind.EPISODIC], "limit": 3})]


@pytest.mark.parametrize(("turns", "words_each"), [(1, 1_000_000), (130, 20_000), (13, 8_000)])
def test_what_is_opened_is_no_longer_than_a_client_takes(turns: int, words_each: int) -> None:
    said = [{"id": f"e{n}", "text": f"first {'word ' * words_each}last"} for n in range(turns)]
    shown = {"id": "e0", "text": said[0]["text"], "evidence": [{"quote": "word for word"}], "turns": said}
    opened = call(Scripted({"show": shown}), "memory_open", ids=["e0"])

    assert len(words(opened)) < 75_000
    assert len(json.dumps(opened.structured_content)) < 75_000
    (record,) = opened.structured_content["records"]
    assert record["evidence"] == [{"quote": "word for word"}]
    assert all(turn["text"].startswith("first word") and turn["text"].endswith("last") for turn in record["turns"])
    assert "characters left out" in words(opened)


def test_what_a_client_takes_is_opened_whole() -> None:
    text = "word " * 4_000
    opened = call(Scripted({"show": {"id": "e", "text": text, "turns": []}}), "memory_open", ids=["e"])

    assert opened.structured_content["records"][0]["text"] == text


def test_a_search_of_an_empty_store_says_how_to_ingest() -> None:
    verbs = Scripted({"search": {"results": [], "engine": "fts5"}}, begin="run `memsrv ingest`")

    assert words(call(verbs, "memory_search", query="anything")) == "run `memsrv ingest`"


def test_an_error_of_ours_reaches_the_agent_as_a_sentence() -> None:
    result = call(
        Scripted({"show": NotFound("there is no record m9; see `memsrv memories`")}), "memory_open", ids=["m9"]
    )

    assert result.is_error
    assert "there is no record m9; see `memsrv memories`" in words(result)


def test_a_bug_does_not_show_its_insides_to_the_agent() -> None:
    result = call(Scripted({"status": ZeroDivisionError("secret detail")}), "memory_status")

    assert result.is_error
    assert "secret" not in words(result)


@pytest.mark.parametrize(
    "arguments",
    [{"query": "x", "limit": 0}, {"query": "x", "limit": 999}, {"query": "x", "kinds": ["gossip"]}, {}],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any]) -> None:
    assert call(Scripted(), "memory_search", **arguments).is_error


def test_a_question_is_answered_with_the_exact_version() -> None:
    result = call(Scripted({"ask": TOLD}), "memory_ask", question="Which port?")

    assert words(result) == "5433\n(by memsrv/shop@v3)"


def test_an_agent_is_never_kept_waiting_for_the_endpoint() -> None:
    warming = {**TOLD, "state": "warming", "answer": None, "known": None, "adapter": None, "retry_s": 5.0}
    verbs = Scripted({"ask": warming})

    result = call(verbs, "memory_ask", question="Which port?")

    assert verbs.heard[0][1]["wait"] is False
    assert result.structured_content["state"] == "warming"
    assert "ask again in 5 seconds" in words(result)


def test_what_stands_in_memory_is_shown_to_override_the_answer() -> None:
    memory = {"id": "m7", "text": "The port of the database is 5434."}

    result = call(Scripted({"ask": {**TOLD, "memories": [memory]}}), "memory_ask", question="Which port?")

    assert words(result).endswith("overrides it:\n- The port of the database is 5434. (m7)")


def test_not_knowing_is_said() -> None:
    told = {**TOLD, "known": False, "answer": "That is not recorded."}

    assert words(call(Scripted({"ask": told}), "memory_ask", question="Who?")).startswith(
        "memsrv/shop@v3 does not know"
    )


def test_without_an_adapter_the_agent_learns_what_to_do() -> None:
    nothing = NoAdapterYet("no adapter of shop is live; run `memsrv consolidate`")

    assert "memsrv consolidate" in words(call(Scripted({"ask": nothing}), "memory_ask", question="Who?"))


def test_a_session_comes_back_as_text_once() -> None:
    made = {"session": "s1", "mode": "handoff", "text": "goal: fix the build [turn 2]"}

    result = call(Scripted({"compact": made}), "session_compact")

    assert words(result) == "goal: fix the build [turn 2]"


def test_what_a_compaction_lost_comes_back_as_text_once() -> None:
    made = {"session": "s1", "compacted": True, "text": "- [t4] the port is 5433"}
    verbs = Scripted({"recover": made})

    result = call(verbs, "session_recover", budget=300)

    assert words(result) == "- [t4] the port is 5433"
    assert verbs.heard == [("recover", {"session": None, "budget": 300, "project": None})]
    assert "text" not in result.structured_content


def test_forgetting_first_says_what_would_happen() -> None:
    would = {"done": False, "memories": ["mem_1"], "erase": True, "adapters_affected": ["shop@v3"], "confirm": "a1b2"}
    verbs = Scripted({"forget": would})

    result = call(verbs, "memory_forget", ids=["mem_1"], mode="erase")

    assert verbs.heard == [("forget", {"ids": ["mem_1"], "erase": True, "confirm": None})]
    assert words(result).startswith("Nothing has changed yet.")
    assert "shop@v3" in words(result)
    assert "with confirm `a1b2`" in words(result)


def test_forgetting_happens_with_what_the_first_call_gave() -> None:
    verbs = Scripted({"forget": {"done": True, "erase": False, "memories": ["mem_1"], "confirm": None}})

    result = call(verbs, "memory_forget", ids=["mem_1"], confirm="a1b2")

    assert verbs.heard == [("forget", {"ids": ["mem_1"], "erase": False, "confirm": "a1b2"})]
    assert words(result).startswith("Done.")


def test_saving_again_says_what_stood_already() -> None:
    saved = {"id": "mem_1", "status": "duplicate_of", "superseded": [], "redactions": 0}

    result = call(Scripted({"save": saved}), "memory_save", text="The port is 1.", kind="episodic")

    assert words(result) == "Known already, as mem_1; nothing was added."


def test_saving_says_what_it_superseded() -> None:
    saved = {"id": "mem_2", "status": "superseding", "superseded": ["mem_1"], "redactions": 1}

    result = call(Scripted({"save": saved}), "memory_save", text="The port is 2.", kind="episodic", supersedes="mem_1")

    assert words(result) == "Saved as mem_2; it supersedes mem_1. 1 secret in it was redacted."


def test_the_status_prompt_carries_the_state() -> None:
    async def once() -> Any:
        async with Client(mcp.build(Scripted({"status": {"memories": {"current": 42}}}))) as client:
            return (await client.list_prompts()).prompts, await client.get_prompt("status")

    prompts, prompt = anyio.run(once)

    assert [p.name for p in prompts] == ["recall", "handoff", "review", "context", "status"]
    assert "current: 42" in prompt.messages[0].content.text


def test_the_readmes_table_has_every_tool() -> None:
    assert mcp.tool_table() == [(tool.name, tool.description) for tool in offered()]


# Over real stdio, against a made-up week.


@dataclass(frozen=True)
class Heard:
    """What one sitting of a real client with a real server brought."""

    found: Any
    opened: Any
    saved: Any
    found_again: Any
    would_forget: Any
    forgotten: Any
    standing: Any
    compacted: Any
    recovered: Any
    asked: Any
    prompt: str


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    root = tmp_path_factory.mktemp("stdio")
    home, folder = Home(root / "home"), root / PROJECT
    folder.mkdir()
    write_logs(SITTINGS, root / "claude", str(folder))
    app = App(home, Settings(), folder)
    app.ingest([root / "claude"])
    app.store.close()
    inherited = {name: os.environ[name] for name in ("CLAUDE_CONFIG_DIR", "MEMSRV_TEST_RUN", "HOME")}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-I", "-m", "memsrv", "serve"],
        env={**inherited, "MEMSRV_HOME": str(home.root)},
        cwd=folder,
    )

    async def sitting() -> Heard:
        async with Client(server) as client:
            found = await client.call_tool("memory_search", {"query": "port of the staging server"})
            first = found.structured_content["results"][0]["id"]
            opened = await client.call_tool("memory_open", {"ids": [first]})
            saved = await client.call_tool(
                "memory_save", {"text": "The owner of the crane is Kim.", "kind": "episodic"}
            )
            found_again = await client.call_tool("memory_search", {"query": "who is the owner of the crane"})
            erase = {"ids": [saved.structured_content["id"]], "mode": "erase"}
            would_forget = await client.call_tool("memory_forget", erase)
            return Heard(
                found,
                opened,
                saved,
                found_again,
                would_forget,
                await client.call_tool(
                    "memory_forget", erase | {"confirm": would_forget.structured_content["confirm"]}
                ),
                await client.call_tool("memory_status", {}),
                await client.call_tool("session_compact", {"mode": "handoff", "budget": 400}),
                await client.call_tool("session_recover", {}),
                await client.call_tool("memory_ask", {"question": "Which port does the staging server listen on?"}),
                (await client.get_prompt("status")).messages[0].content.text,
            )

    return anyio.run(sitting)


def test_a_real_agent_finds_what_the_week_taught(heard: Heard) -> None:
    assert heard.found.structured_content["results"]
    assert heard.found.structured_content["results"][0]["project"] == PROJECT


def test_what_was_found_opens_with_its_evidence(heard: Heard) -> None:
    (record,) = heard.opened.structured_content["records"]

    assert record["id"] == heard.found.structured_content["results"][0]["id"]
    assert record["evidence"] or record["turns"]


def test_what_was_saved_is_found_in_the_same_sitting(heard: Heard) -> None:
    saved = heard.saved.structured_content["id"]

    assert saved in [hit["id"] for hit in heard.found_again.structured_content["results"]]


def test_forgetting_over_stdio_is_shown_first_and_then_done(heard: Heard) -> None:
    assert heard.would_forget.structured_content["done"] is False
    assert "Nothing has changed yet." in words(heard.would_forget)
    assert heard.forgotten.structured_content["done"] is True
    assert not heard.forgotten.is_error


def test_a_session_that_was_never_compacted_has_lost_nothing(heard: Heard) -> None:
    assert heard.recovered.structured_content["compacted"] is False
    assert "never compacted" in words(heard.recovered)


def test_the_state_for_an_agent_leaves_out_what_is_well() -> None:
    logs = [{"path": f"/logs/{n}.jsonl", "behind": int(n == 3), "unreadable": 0} for n in range(5)]
    consents = [{"project": name, "train": False} for name in ("shop", "other")]
    state = {"project": "shop", "sources": logs, "consents": consents, "runs": [], "endpoint": {"running": False}}
    empty = {"memories": {"current": 4, "waiting": 0}, "adapters": {}, "warnings": []}

    result = call(Scripted({"status": state | empty}), "memory_status")

    assert words(result) == (
        "project: shop\nsources:\n  - path: /logs/3.jsonl\n    behind: 1\nconsents:\n  - project: shop\n"
        "memories:\n  current: 4"
    )
    assert result.structured_content["endpoint"] == {"running": False}


def test_status_over_stdio_counts_what_is_remembered(heard: Heard) -> None:
    assert heard.standing.structured_content["memories"]["current"] > 0
    assert heard.standing.structured_content["adapters"]["current"] is None


def test_a_session_comes_back_within_its_budget(heard: Heard) -> None:
    assert heard.compacted.structured_content["tokens"] <= 400
    assert words(heard.compacted).startswith("Session ")


def test_asking_before_any_adapter_says_what_to_run(heard: Heard) -> None:
    assert heard.asked.is_error
    assert "memsrv consolidate" in words(heard.asked)


def test_the_prompt_over_stdio_names_the_project(heard: Heard) -> None:
    assert f"project: {PROJECT}" in heard.prompt
