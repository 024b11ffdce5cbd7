"""What MCP offers beside the tools' results: addresses to read, prompts, pages, progress, and arguments as meant.

A real client and the real verbs, over a made-up week.
"""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from memsrv import echo, mcp
from memsrv.app import App
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.errors import NotFound
from memsrv.home import Home
from memsrv.mcp.arguments import ALIASES
from memsrv.mcp.tools import tools
from memsrv.records import Kind
from memsrv.settings import load


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    root = tmp_path_factory.mktemp("surface")
    (root / PROJECT).mkdir()
    write_logs(SITTINGS, root / "claude", str(root / PROJECT))
    app = App(Home(root / "home"), load(Home(root / "home")), root / PROJECT)
    app.ingest([root / "claude"])
    return app


@pytest.fixture
def empty(tmp_path: Path) -> App:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return App(home, load(home), tmp_path)


def sitting(verbs: Any, what: Callable[[Client], Awaitable[Any]], **settings: Any) -> Any:
    async def once() -> Any:
        async with Client(mcp.build(verbs, **settings)) as client:
            return await what(client)

    return anyio.run(once)


def refused(verbs: Any, what: Callable[[Client], Awaitable[Any]]) -> MCPError:
    async def tried(client: Client) -> MCPError:
        with pytest.raises(MCPError) as told:
            await what(client)
        return told.value

    error: MCPError = sitting(verbs, tried)
    return error


def call(verbs: Any, tool: str, **arguments: Any) -> Any:
    return sitting(verbs, lambda client: client.call_tool(tool, arguments))


async def all_resources(client: Client) -> tuple[list[Any], int]:
    found, pages, cursor = [], 0, None
    while pages == 0 or cursor:
        page = await client.list_resources(cursor=cursor)
        found, pages, cursor = [*found, *page.resources], pages + 1, page.next_cursor
    return found, pages


# Addresses


def test_every_session_and_memory_has_an_address_and_all_can_be_read(app: App) -> None:
    async def what(client: Client) -> Any:
        listed, _ = await all_resources(client)
        return listed, [(await client.read_resource(one.uri)).contents[0].text for one in listed]

    listed, texts = sitting(app, what)

    addresses = [str(one.uri) for one in listed]
    assert addresses[:2] == ["memory://status", "memory://context"]
    assert {f"memory://session/{one.id}" for one in app.sessions().sessions} <= set(addresses)
    assert {f"memory://record/{one.id}" for one in app.memories().memories} <= set(addresses)
    assert all(text == echo.fence(text) for text in texts)


def test_a_session_without_a_title_is_called_by_what_its_person_said_first(tmp_path: Path) -> None:
    (tmp_path / PROJECT).mkdir()
    write_logs(SITTINGS, tmp_path / "claude", str(tmp_path / PROJECT))
    for log in (tmp_path / "claude").rglob("*.jsonl"):
        log.write_text("".join(line for line in log.open() if '"ai-title"' not in line))
    own = App(Home(tmp_path / "home"), load(Home(tmp_path / "home")), tmp_path / PROJECT)
    own.ingest([tmp_path / "claude"])

    listed, _ = sitting(own, all_resources)

    titles = {str(one.uri): one.title for one in listed if str(one.uri).startswith("memory://session/")}
    first = own.sessions().sessions[0]
    asked = "Morning! Can you get the booking api running on my laptop and tell me what is missing?"
    assert (first.title, titles[f"memory://session/{first.id}"], own.show(first.id).text) == (asked, asked, asked)
    assert not any(title.startswith("Session ") for title in titles.values())


@pytest.mark.parametrize(("tool", "arguments"), [("memory_search", {"query": "berths"}), ("session_compact", {})])
def test_a_project_that_nobody_knows_is_said_to_be_none_with_those_that_are_near(
    app: App, tool: str, arguments: dict[str, str]
) -> None:
    told = call(app, tool, **arguments, project=f"{PROJECT}e")

    assert told.is_error
    assert f"no project called `{PROJECT}e` is known. Did you mean {PROJECT}?" in told.content[0].text


def test_no_context_is_made_of_a_project_that_nobody_knows(app: App) -> None:
    with pytest.raises(NotFound, match="project called `berths` is known"):
        app.context(project="berths")


def test_a_known_project_without_a_match_has_nothing_found(app: App) -> None:
    told = call(app, "memory_search", query="zygomorphic", project=PROJECT)

    assert (told.is_error, "Nothing found" in told.content[0].text) == (False, True)


def test_the_project_of_this_folder_is_never_unknown(app: App, tmp_path: Path) -> None:
    (tmp_path / "novel").mkdir()
    own = App(app.home, load(app.home), tmp_path / "novel")

    assert own.search("berths", project="novel").results == ()


def test_pages_hold_each_address_once_in_the_same_order_whatever_their_size(app: App) -> None:
    (whole, one), (paged, many) = sitting(app, all_resources), sitting(app, all_resources, page=3)

    assert [entry.uri for entry in paged] == [entry.uri for entry in whole]
    assert len({entry.uri for entry in paged}) == len(paged)
    assert (one, many) == (1, -(-len(whole) // 3))


def test_what_is_saved_between_two_pages_moves_nothing_in_the_rest(tmp_path: Path) -> None:
    own = App(Home(tmp_path / "home"), load(Home(tmp_path / "home")), tmp_path)
    for number in range(6):
        own.save(f"The port of service{number} is {4000 + number}.", kind=Kind.EPISODIC)

    async def what(client: Client) -> Any:
        first = await client.list_resources()
        own.save("The port of another is 5000.", kind=Kind.EPISODIC)
        return first, await client.list_resources(cursor=first.next_cursor)

    first, second = sitting(own, what, page=4)

    assert not {one.uri for one in first.resources} & {one.uri for one in second.resources}


def test_tools_prompts_and_templates_come_in_pages_too(app: App) -> None:
    async def what(client: Client) -> Any:
        first = await client.list_tools()
        second = await client.list_tools(cursor=first.next_cursor)
        return [tool.name for tool in (*first.tools, *second.tools)], second.next_cursor

    names, more = sitting(app, what, page=5)

    assert names == [name for name, _ in mcp.tool_table()]
    assert more is None


@pytest.mark.parametrize("cursor", ["nonsense", "", "e30=", "eyJhZnRlciI6ICJub3doZXJlIn0="])
@pytest.mark.parametrize("list_them", ["list_resources", "list_tools", "list_prompts", "list_resource_templates"])
def test_a_cursor_of_nobodys_is_invalid(app: App, list_them: str, cursor: str) -> None:
    error = refused(app, lambda client: getattr(client, list_them)(cursor=cursor))

    assert (error.code, "list anew" in str(error)) == (-32602, True)


@pytest.mark.parametrize("address", ["memory://record/mem_none", "memory://session/none", "memory://elsewhere"])
def test_an_address_of_nothing_is_not_found(app: App, address: str) -> None:
    assert refused(app, lambda client: client.read_resource(address)).code == -32602


def test_of_a_project_that_may_not_be_given_back_no_address_is_told(app: App) -> None:
    home = Home(app.home.root.parent / "closed")
    home.root.mkdir()
    home.config.write_text(f"[projects.{PROJECT}]\nrecall = false\n")

    listed, _ = sitting(App(home, load(home), app.cwd), all_resources)

    assert [str(one.uri) for one in listed] == ["memory://status", "memory://context", "memory://long-term"]


# Prompts


@pytest.mark.parametrize(
    ("name", "arguments", "holds"),
    [
        ("recall", {"query": "port of the staging server"}, "mem_"),
        ("handoff", {}, "Session "),
        ("review", {}, "mem_"),
        ("context", {"query": "port of the staging server", "budget": "400"}, "<short_term>"),
        ("status", {}, "memories"),
    ],
)
def test_a_prompt_carries_memory_as_a_quote(app: App, name: str, arguments: dict[str, str], holds: str) -> None:
    prompt = sitting(app, lambda client: client.get_prompt(name, arguments))

    text = prompt.messages[0].content.text
    quoted = text[text.index("<memsrv-recall>") : text.index("</memsrv-recall>")]
    assert holds in quoted
    assert echo.outside(text).count("[recalled by memsrv") == 1
    assert quoted not in echo.outside(text)


def test_the_context_prompt_says_what_it_left_out_and_why(app: App) -> None:
    prompt = sitting(app, lambda client: client.get_prompt("context", {"query": "port", "budget": "200"}))

    assert "tokens, and" in prompt.messages[0].content.text.partition("Left out:")[2]


def test_a_prompt_that_cannot_be_made_says_what_to_do(empty: App) -> None:
    error = refused(empty, lambda client: client.get_prompt("handoff", {}))

    assert (error.code, "memsrv ingest" in str(error)) == (-32602, True)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("nope", {}, "no prompt `nope`; there are recall, handoff, review, context, status"),
        ("recall", {}, "the prompt recall lacks `query`"),
        ("context", {"budget": "many"}, "`budget`: Input should be a valid integer"),
        ("context", {"budget": "-4"}, "a budget of -4 tokens does not hold the empty blocks"),
        ("review", {"colour": "red"}, "`colour`: Unexpected keyword argument"),
        ("handoff", {"session": "z" * 50_000}, "names the session of all it finds"),
    ],
)
def test_a_prompt_that_is_asked_for_wrongly_says_what_is_wrong(
    app: App, name: str, given: dict[str, str], says: str
) -> None:
    error = refused(app, lambda client: client.get_prompt(name, given))

    assert error.code == -32602
    assert says in str(error)
    assert len(str(error)) < 1_100


def test_an_id_of_a_megabyte_is_refused_in_a_sentence(app: App) -> None:
    result = call(app, "memory_open", ids=["x" * 1_000_000])

    assert result.is_error
    assert len(result.content[0].text) < 1_100
    assert result.content[0].text.endswith("`memsrv search` names those there are")


# Arguments


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("memory_search", {"q": "port", "k": 2, "kind": "episodic"}),
        ("memory_search", {"text": "port", "max_results": 3}),
        ("memory_open", {"memory_id": "MEM", "context": 1}),
        ("memory_open", {"ids": "MEM"}),
        ("memory_forget", {"id": "MEM"}),
        ("session_compact", {"session_id": "SESSION", "token_budget": 400}),
        ("memory_save", {"content": "The port of the cache is 6379.", "type": "episodic"}),
    ],
)
def test_an_argument_is_taken_under_the_names_that_other_servers_have_for_it(
    app: App, tool: str, given: dict[str, Any]
) -> None:
    known = {"MEM": app.memories().memories[0].id, "SESSION": app.sessions().sessions[0].id}
    given = {name: known.get(value, value) if isinstance(value, str) else value for name, value in given.items()}

    result = call(app, tool, **given)

    assert not result.is_error, result.content[0].text


def test_the_other_names_cost_no_schema_a_byte_and_hide_no_argument() -> None:
    for tool in tools(None):
        others = {other for names in ALIASES.get(tool.name, {}).values() for other in names}
        assert not others & set(tool.parameters["properties"])
        assert set(ALIASES.get(tool.name, {})) <= set(tool.parameters["properties"])


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("memory_search", {"query": "x", "since": "2026"}, "no argument `since`; call it with `query`"),
        ("memory_search", {}, "`query`: Field required; correct that and call it again"),
        ("memory_search", {"query": "x", "limit": 999}, "`limit`: Input should be less than or equal to 25"),
        ("memory_open", {"ids": ["mem_none"]}, "`memsrv search` names those there are"),
        ("memory_search", {"query": "x", "q": "y"}, "no argument `q`"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(app: App, tool: str, given: dict[str, Any], said: str) -> None:
    result = call(app, tool, **given)

    assert result.is_error
    assert said in result.content[0].text
    assert "\n" not in result.content[0].text
    assert "pydantic" not in result.content[0].text


class Broken:
    def status(self, **_: object) -> object:
        raise ZeroDivisionError("secret detail")


def test_a_bug_says_where_to_look_and_nothing_of_its_insides() -> None:
    text = call(Broken(), "memory_status").content[0].text

    assert "memsrv doctor" in text
    assert "secret" not in text


# Progress


class Slow:
    """Answers once it was told so by the progress that the client saw."""

    def __init__(self) -> None:
        self.seen = threading.Event()

    def compact(self, *_: object, **__: object) -> dict[str, str]:
        assert self.seen.wait(60)
        return {"session": "s1", "text": "goal: fix the build"}


def test_a_client_that_asks_for_it_hears_that_a_long_call_goes_on() -> None:
    verbs, heard = Slow(), list[tuple[float, str | None]]()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))
        if len(heard) == 3:
            verbs.seen.set()

    result = sitting(
        verbs, lambda client: client.call_tool("session_compact", {}, progress_callback=note), progress_seconds=0.001
    )

    assert "goal: fix the build" in result.content[0].text
    assert [seconds for seconds, _ in heard] == sorted({seconds for seconds, _ in heard})
    assert str(heard[0][1]).startswith("session_compact: ")
