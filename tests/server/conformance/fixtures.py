"""The tools, prompts and resources that the conformance suite calls by fixed names, on memsrv's own MCP server.

For tests only: that what is built around the SDK (guard, transport, pages, progress) changes nothing of the protocol.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    ClientCapabilities,
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    MissingRequiredClientCapabilityErrorData,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
PAUSE_S = 0.05  # between notifications, as the suite asks


def add_fixtures(server: MCPServer) -> None:
    for add in (_contents, _told, _asked_back, _rounds, _resources, _prompts, _older):
        add(server)
    for made in (*server._tool_manager.list_tools(), *server._prompt_manager.list_prompts()):
        made.description = made.description or made.name


def _text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def _image() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


def _embedded(uri: str, words: str, kind: str = "text/plain") -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=words))


def _contents(server: MCPServer) -> None:
    made: dict[str, Callable[[], list[Any]]] = {
        "test_simple_text": lambda: [_text("This is a simple text response for testing.")],
        "test_image_content": lambda: [_image()],
        "test_audio_content": lambda: [AudioContent(type="audio", data=WAV, mime_type="audio/wav")],
        "test_embedded_resource": lambda: [
            _embedded("test://embedded-resource", "This is an embedded resource content.")
        ],
        "test_multiple_content_types": lambda: [
            _text("Multiple content types test:"),
            _image(),
            _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
        ],
    }
    for name, content in made.items():

        def tool(content: Callable[[], list[Any]] = content) -> CallToolResult:
            return CallToolResult(content=content())

        server.add_tool(_without_arguments(tool), name=name, description=name)

    @server.tool()
    def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")


def _without_arguments(tool: Callable[..., CallToolResult]) -> Callable[[], CallToolResult]:
    def called() -> CallToolResult:
        return tool()

    return called


def _told(server: MCPServer) -> None:
    @server.tool()
    async def test_tool_with_logging(ctx: Context) -> str:
        for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(words)
            await anyio.sleep(PAUSE_S)
        return "logged"

    @server.tool()
    async def test_logging_tool(ctx: Context) -> str:
        await ctx.info("logged where it was asked for")
        return "logged"

    @server.tool()
    async def test_tool_with_progress(ctx: Context) -> str:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
            await anyio.sleep(PAUSE_S)
        return "done"

    @server.tool()
    async def test_reconnection(ctx: Context) -> str:
        await ctx.close_sse_stream()
        await anyio.sleep(PAUSE_S)
        return "reconnected"


def _asked_back(server: MCPServer) -> None:
    """Requests of the server within a call, of the revision that has them."""

    @server.tool()
    async def test_sampling(prompt: str, ctx: Context) -> str:
        said = await ctx.session.create_message([SamplingMessage(role="user", content=_text(prompt))], max_tokens=100)
        return f"LLM response: {said.content.text}"

    async def elicited(ctx: Context, message: str, properties: dict[str, Any], required: list[str]) -> str:
        schema = {"type": "object", "properties": properties, "required": required}
        said = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
        return f"action={said.action}, content={json.dumps(said.content)}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Context) -> str:
        asked = {name: {"type": "string", "description": f"User's {name}"} for name in ("username", "email")}
        return f"User response: {await elicited(ctx, message, asked, list(asked))}"

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        asked = {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        }
        return f"Elicitation completed: {await elicited(ctx, 'Defaults', asked, [])}"

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        plain = ["option1", "option2", "option3"]
        titled = [{"const": f"value{n}", "title": f"{word} Option"} for n, word in ((1, "First"), (2, "Second"))]
        old = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]}
        asked = {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {"type": "string", **old},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        return f"Elicitation completed: {await elicited(ctx, 'Enums', asked, [])}"


def _elicit(message: str, name: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(words: str) -> CreateMessageRequest:
    said = SamplingMessage(role="user", content=_text(words))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[said], max_tokens=50))


def _rounds(server: MCPServer) -> None:
    """Input that is asked for by ending a call, of the revision without requests of the server."""

    def once(name: str, requests: Callable[[], dict[str, Any]], state: str | None = None) -> None:
        async def tool(ctx: Context) -> CallToolResult | InputRequiredResult:
            wanted = requests()
            given = ctx.input_responses or {}
            if not set(wanted) <= set(given) or (state and ctx.request_state != state):
                return InputRequiredResult(input_requests=wanted, request_state=state)
            return CallToolResult(content=[_text(f"Thanks; state-ok: {sorted(given)}")])

        server.add_tool(tool, name=f"test_input_required_result_{name}", description=name)

    once("elicitation", lambda: {"user_name": _elicit("What is your name?", "name")})
    once("sampling", lambda: {"capital_question": _sample("What is the capital of France?")})
    once("list_roots", lambda: {"client_roots": ListRootsRequest()})
    once("request_state", lambda: {"confirm": _elicit("Please confirm", "ok", "boolean")}, "one")
    once("tampered_state", lambda: {"confirm": _elicit("Please confirm", "ok", "boolean")}, "two")
    once(
        "multiple_inputs",
        lambda: {
            "user_name": _elicit("What is your name?", "name"),
            "greeting": _sample("Generate a greeting"),
            "client_roots": ListRootsRequest(),
        },
        "three",
    )

    @server.tool()
    async def test_input_required_result_multi_round(ctx: Context) -> CallToolResult | InputRequiredResult:
        if ctx.request_state is None:
            return InputRequiredResult(
                input_requests={"step1": _elicit("Step 1: What is your name?", "name")}, request_state="first"
            )
        if ctx.request_state == "first":
            return InputRequiredResult(
                input_requests={"step2": _elicit("Step 2: What is your favorite color?", "color")},
                request_state="second",
            )
        return CallToolResult(content=[_text("Both steps are done.")])

    @server.tool()
    async def test_input_required_result_capabilities(ctx: Context) -> CallToolResult | InputRequiredResult:
        can = ctx.client_capabilities
        wanted: dict[str, Any] = {}
        if can and can.sampling:
            wanted["sampled"] = _sample("Say hello")
        if can and can.elicitation:
            wanted["asked"] = _elicit("What is your name?", "name")
        return InputRequiredResult(input_requests=wanted) if wanted else CallToolResult(content=[_text("nothing")])

    @server.tool()
    async def test_streaming_elicitation(ctx: Context) -> CallToolResult | InputRequiredResult:
        await ctx.report_progress(1, 2)
        return InputRequiredResult(input_requests={"user_name": _elicit("What is your name?", "name")})

    @server.tool()
    async def test_missing_capability(ctx: Context) -> str:
        can = ctx.client_capabilities
        if can is None or can.sampling is None:
            lacks = MissingRequiredClientCapabilityErrorData(required_capabilities=ClientCapabilities(sampling={}))  # type: ignore[arg-type]
            raise MCPError(
                MISSING_REQUIRED_CLIENT_CAPABILITY,
                "sampling is needed",
                lacks.model_dump(by_alias=True, mode="json", exclude_none=True),
            )
        return "there"


def _resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(PNG)

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        return "watched"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def data(id: str) -> str:
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.completion()
    async def complete(ref: object, argument: object, context: object) -> Completion:
        return Completion(values=["paris", "park", "party"], total=3, has_more=False)


def _prompts(server: MCPServer) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
        quoted = _embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(quoted), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]

    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context) -> str | InputRequiredResult:
        if not ctx.input_responses:
            return InputRequiredResult(
                input_requests={"user_context": _elicit("What context should the prompt use?", "context")}
            )
        return "With the context that was given."


def _older(server: MCPServer) -> None:
    """Methods of 2025-11-25 that the SDK has no decorator for."""
    lowlevel = server._lowlevel_server

    async def done(ctx: object, params: object) -> EmptyResult:
        return EmptyResult()

    lowlevel.add_request_handler("logging/setLevel", SetLevelRequestParams, done)
    lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, done)
    lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, done)
