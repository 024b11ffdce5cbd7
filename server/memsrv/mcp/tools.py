"""The tools, in the order they are offered: one verb each, and how its record leaves.

A tool's description says when to call it, for the model that chooses; its schemas are in every agent's context all day,
so all definitions together stay below 6 kB.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Protocol, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from memsrv import echo
from memsrv.errors import MemsrvError
from memsrv.layout import one_line, printable
from memsrv.mcp import results, words
from memsrv.mcp.arguments import Asked
from memsrv.mcp.lengths import fitted
from memsrv.mcp.schemas import slim
from memsrv.outline import outline
from memsrv.records import Kind, to_dict

KindName = Literal["procedural", "semantic", "episodic"]
Project = Annotated[str | None, Field(description="Default: the current one; `*`: all.")]
Session = Annotated[str | None, Field(description="Default: the newest.")]
Tokens = Annotated[int, Field(ge=100, le=8000, description="Tokens.")]
Ids = Annotated[list[str], Field(min_length=1, max_length=10)]


class Verbs(Protocol):
    """What this door needs of what stands behind it; `memsrv.app.App` is one."""

    def search(
        self, query: str, *, project: str | None = None, kinds: Sequence[Kind] = (), limit: int = 8
    ) -> object: ...
    def show(self, id: str, *, around: int = 2) -> object: ...
    def save(self, text: str, *, kind: Kind, project: str | None = None, supersedes: str | None = None) -> object: ...
    def forget(self, ids: Sequence[str], *, erase: bool = False, confirm: str | None = None) -> object: ...
    def status(self, *, project: str | None = None) -> object: ...
    def compact(
        self, session: str | None = None, *, mode: str = "handoff", budget: int = 1500, project: str | None = None
    ) -> object: ...
    def recover(self, session: str | None = None, *, budget: int = 5000, project: str | None = None) -> object: ...
    def ask(self, question: str, *, model: str | None = None, wait: bool = True) -> object: ...
    def how_to_begin(self) -> str | None: ...
    def memories(self, *, project: str | None = None) -> object: ...
    def sessions(self, *, project: str | None = None) -> object: ...
    def context(self, query: str | None = None, *, project: str | None = None, budget: int = 2000) -> object: ...


def tools(verbs: Any) -> list[Tool]:
    """Every tool over `verbs`."""

    def memory_search(
        query: Annotated[str, Field(max_length=2000)],
        kinds: list[KindName] | None = None,
        project: Project = None,
        limit: Annotated[int, Field(ge=1, le=25)] = 8,
    ) -> Annotated[CallToolResult, results.Found]:
        """Search what earlier sessions did and learned: errors and their fixes, decisions, preferences, commands. Call it before debugging an error or building something that may exist."""  # noqa: E501
        found = _call(lambda: verbs.search(query, project=project, kinds=[Kind(k) for k in kinds or ()], limit=limit))
        return _result(results.Found, found, words.found(found, verbs.how_to_begin))

    def memory_open(
        ids: Ids,
        around: Annotated[int, Field(ge=0, le=6, description="Turns before and after.")] = 2,
    ) -> Annotated[CallToolResult, results.Opened]:
        """Open records found by memory_search: evidence word for word, what superseded what, the turns around."""
        records = [words.opened(_call(lambda id=id: verbs.show(id, around=around))) for id in ids]  # type: ignore[misc]
        opened = fitted({"records": records})
        return _result(results.Opened, opened, "\n\n".join(outline(record) for record in opened["records"]))

    def memory_save(
        text: Annotated[str, Field(min_length=1, max_length=1000, description="One self-contained claim.")],
        kind: Annotated[KindName, Field(description="How to do it; the user's preference; a fact of the project.")],
        supersedes: Annotated[str | None, Field(description="Id of what it replaces.")] = None,
        project: Project = None,
    ) -> Annotated[CallToolResult, results.Saved]:
        """Save one lasting fact, fix or preference that later sessions need. No transcripts, no secrets."""
        saved = _call(lambda: verbs.save(text, kind=Kind(kind), project=project, supersedes=supersedes))
        return _result(results.Saved, saved, words.saved(saved))

    def memory_forget(
        ids: Ids,
        mode: Literal["retire", "erase"] = "retire",
        confirm: Annotated[str | None, Field(description="From the first call.")] = None,
    ) -> Annotated[CallToolResult, results.Forgotten]:
        """End memories that are wrong (`retire`: kept, but unused) or that the user wants gone (`erase`: also from runs and adapters). The first call changes nothing: it says what would happen."""  # noqa: E501
        told = _call(lambda: verbs.forget(ids, erase=mode == "erase", confirm=confirm))
        return _result(results.Forgotten, told, words.forgotten(told))

    def memory_status(project: Project = None) -> Annotated[CallToolResult, results.Standing]:
        """What is remembered, logs not read yet, consolidation runs, adapter versions, servers, spend, warnings."""
        standing = words.brief(_call(lambda: verbs.status(project=project)))
        return _result(results.Standing, standing, words.standing(standing))

    def session_compact(
        session: Session = None,
        mode: Literal["handoff", "checkpoint"] = "handoff",
        budget: Tokens = 1500,
        project: str | None = None,
    ) -> Annotated[CallToolResult, results.Compacted]:
        """A session in brief: goal, decisions, commands, files, errors, open ends, with their turns. Call it to hand work over, or to go on after a compaction (checkpoint)."""  # noqa: E501
        made = _call(lambda: verbs.compact(session, mode=mode, budget=budget, project=project))
        return _result(results.Compacted, made, str(made.pop("text", "")) or outline(made))

    def session_recover(
        session: Session = None, budget: Tokens = 5000, project: str | None = None
    ) -> Annotated[CallToolResult, results.Recovered]:
        """What the host's compaction lost: the user's words, exact values, commands and how they ended, errors, edits, open tasks that its summary does not say. Call it right after a compaction."""  # noqa: E501
        made = _call(lambda: verbs.recover(session, budget=budget, project=project))
        return _result(results.Recovered, made, str(made.pop("text", "")) or outline(made))

    def memory_ask(
        question: Annotated[str, Field(min_length=1, max_length=2000)],
        model: Annotated[str | None, Field(description="E.g. `memsrv/<project>@v3`.")] = None,
    ) -> Annotated[CallToolResult, results.Reply]:
        """Ask the adapter trained on this project. It says when it does not know; `warming`: ask again in seconds. The memories beside the answer override it."""  # noqa: E501
        reply = _call(lambda: verbs.ask(question, model=model, wait=False))
        return _result(results.Reply, reply, words.reply(reply))

    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    adds = ToolAnnotations(destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    ends = ToolAnnotations(destructive_hint=True, idempotent_hint=True, open_world_hint=False)
    return [
        slim(Asked.from_function(memory_search, title="Search memory", annotations=reads)),
        slim(Asked.from_function(memory_open, title="Open memories", annotations=reads)),
        slim(Asked.from_function(memory_save, title="Save a memory", annotations=adds)),
        slim(Asked.from_function(memory_forget, title="Forget memories", annotations=ends)),
        slim(Asked.from_function(memory_status, title="Memory status", annotations=reads)),
        slim(Asked.from_function(session_compact, title="Compact a session", annotations=reads)),
        slim(Asked.from_function(session_recover, title="Recover a session", annotations=reads)),
        slim(Asked.from_function(memory_ask, title="Ask the adapter", annotations=reads)),
    ]


Model = TypeVar("Model", bound=results.Output)


def _call(verb: Callable[[], object]) -> dict[str, Any]:
    """The edge: a record becomes JSON, a `MemsrvError` words for the agent; anything else is a bug and stays one."""
    try:
        made: dict[str, Any] = to_dict(verb())
    except MemsrvError as error:
        raise ToolError(printable(one_line(str(error)))) from error
    return made


def _result(model: type[Model], data: dict[str, Any], text: str) -> CallToolResult:
    structured = model.model_validate(data).model_dump(mode="json")
    content = TextContent(type="text", text=echo.fence(printable(text)))
    return CallToolResult(content=[content], structured_content=structured)
