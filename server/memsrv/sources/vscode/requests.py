"""The requests of a VS Code chat to Events: what was asked, and the response's parts in the order they were shown."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from memsrv.records import Event, EventType, Outcome, Trust
from memsrv.sources import calls
from memsrv.sources.calls import path_of
from memsrv.sources.fields import instant, mapping, name, plain, string, words
from memsrv.sources.marks import digest
from memsrv.sources.vscode import tools

_CANCELLED = (2, "cancelled", "canceled")
_USES = ("toolInvocationSerialized", "toolInvocation", "textEditGroup", "notebookEditGroup")
_EDITS = ("textEditGroup", "notebookEditGroup")
#: What stands around a group of edits: the block of code that it was before it was applied.
_FENCE_BEFORE = re.compile(r"(?<!`)`{3,}\w*\s*\Z")
_FENCE_BEHIND = re.compile(r"\A\s*`{3,}[ \t]*(?:\n|\Z)")
_CHAT_FIELDS = words(
    """
    version sessionId creationDate lastMessageDate customTitle computedTitle initialLocation inputState input
    responderUsername requesterUsername requesterAvatarIconUri responderAvatarIconUri responderAvatarIcon requests
    hasPendingEdits repoData pendingRequests isImported isNew welcomeMessage isTransferred workingDirectory timing
    mode selectedModel contrib
    """
)
_FIELDS = words(
    """
    requestId message variableData response shouldBeRemovedOnSend agent timestamp confirmation editedFileEvents
    modelId modeInfo isHidden isCanceled responseId result responseMarkdownInfo followups modelState vote
    voteDownReason slashCommand usedContext contentReferences codeCitations timeSpentWaiting responseTimestamp
    attempt isSystemInitiated systemInitiatedLabel promptTokens completionTokens elapsedMs userSelectedTools
    locationData attachedContext isCompleteAddedRequest shouldBeBlocked acceptedConfirmationData
    rejectedConfirmationData completionTokenCount
    """
)
_PASSED_BY = words(
    """
    thinking undoStop codeblockUri progressMessage progressTask progressTaskSerialized progressTaskResult
    mcpServersStarting mcpServersStartingSlow prepareToolInvocation command warning info treeData multiDiffData
    clearToPreviousToolInvocation confirmation elicitation elicitationSerialized elicitation2 extensions hook
    pullRequest workspaceEdit references usage disabledClaudeHooks todoList autoModeResolution planReview
    usedContext codeCitation move externalEdit
    """
)


class Requests:
    """Reads the requests of one chat in their order."""

    def __init__(self, session: str, cwd: str | None, branch: str | None) -> None:
        self._session, self._cwd, self._branch = session, cwd, branch
        self.title: str | None = None
        self.version: str | None = None
        self.events: list[Event] = []
        self.unknown: Counter[str] = Counter()

    def fields(self, chat: Mapping[str, Any]) -> None:
        self.unknown.update(f"field:{name(field)}" for field in chat if field not in _CHAT_FIELDS)

    def add(self, place: int, request: Mapping[str, Any]) -> None:
        self.unknown.update(f"field:{name(field)}" for field in request if field not in _FIELDS)
        id = string(request.get("requestId")) or digest(self._session, place, request.get("timestamp"))
        result = mapping(request.get("result"))
        metadata = mapping(result.get("metadata"))
        blank = Event(
            id=id,
            session=self._session,
            type=EventType.NOTE,
            trust=Trust.TOOL,
            time=instant(request.get("timestamp")),
            cwd=self._cwd,
            branch=self._branch,
            on_main_path=not (request.get("shouldBeRemovedOnSend") or request.get("isHidden") is True),
        )
        agent = mapping(request.get("agent"))
        self.version = string(agent.get("extensionVersion")) or self.version
        model = string(metadata.get("resolvedModel")) or string(request.get("modelId"))
        asked = list(self._asked(request, blank))
        shown = list(self._shown(request, metadata, replace(blank, model=model)))
        self._count(shown, request, result)
        for event in (*asked, *shown, *_end(request, result, blank)):
            self.events.append(replace(event, parent=self.events[-1].id if self.events else None))

    def _asked(self, request: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        message = request.get("message")
        text = plain(message if isinstance(message, str) else string(mapping(message).get("text")) or "").strip()
        if not text:
            return
        if request.get("isSystemInitiated") is True or request.get("confirmation"):  # a notice, or a button's caption
            yield replace(blank, text=text)
            return
        if self.title is None:
            self.title = text
        yield replace(blank, type=EventType.PROMPT, trust=Trust.HUMAN, text=text, paths=_attached(request))

    # What was shown of the response

    def _shown(self, request: Mapping[str, Any], metadata: Mapping[str, Any], blank: Event) -> Iterator[Event]:
        told = request.get("response")
        told = told if isinstance(told, list) else []
        parts = [part if isinstance(part, Mapping) else {"value": part} for part in told]
        made = tools.rounds(metadata)
        pairs, rest = tools.paired(parts, made)
        stopped, prose, count, uses, edited = _stopped(request), "", 0, 0, False
        for place, part in enumerate(parts):
            words_of = self._prose(part)
            if words_of is not None:
                prose += words_of
                if edited and prose.strip():
                    prose, edited = _FENCE_BEHIND.sub("", prose), False
                continue
            if part.get("kind") not in _USES:
                yield from self._other(part, blank, place)
                continue
            edited = part.get("kind") in _EDITS
            for event in _reply(_FENCE_BEFORE.sub("", prose) if edited else prose, blank, count):
                count += 1
                yield event
            prose = ""
            own = f"{blank.id}/{string(part.get('toolCallId')) or uses}"
            uses += 1
            yield from self._use(part, pairs.get(place), replace(blank, id=own), stopped=stopped)
        yield from _reply(prose, blank, count)
        if not parts and not made and isinstance(metadata.get("messages"), list):
            self.unknown["response:missing"] += 1
        for round in rest:
            yield from _unshown(round, blank)
        yield from _summaries(metadata, blank)

    def _prose(self, part: Mapping[str, Any]) -> str | None:
        """The words that a part adds to the reply; None where it is no part of it."""
        kind = part.get("kind")
        if kind in (None, "markdownContent", "markdownVuln"):
            value = part.get("value", part.get("content"))
            return plain(value if isinstance(value, str) else string(mapping(value).get("value")) or "")
        if kind == "inlineReference":
            named = string(part.get("name"))
            place = mapping(part.get("inlineReference"))
            return named or string(place.get("name")) or path_of(place.get("uri") or place) or ""
        return None

    def _other(self, part: Mapping[str, Any], blank: Event, place: int) -> Iterator[Event]:
        kind = part.get("kind")
        if kind == "questionCarousel":
            text = "\n".join(_answers(part.get("data")))
            if text:
                answer = replace(blank, id=f"{blank.id}/answer{place}", type=EventType.TOOL_RESULT, model=None)
                yield replace(answer, trust=Trust.HUMAN, text=text, tool="questionCarousel")
        elif name(kind) not in _PASSED_BY:
            self.unknown[f"part:{name(kind)}"] += 1

    def _use(
        self, part: Mapping[str, Any], round: tools.Round | None, blank: Event, *, stopped: bool
    ) -> Iterator[Event]:
        grouped = part.get("kind") in _EDITS
        tool = round.tool if round else (string(part.get("toolId")) or (str(part["kind"]) if grouped else "?"))[:100]
        given = round.arguments if round else tools.given(part)
        made = calls.call(tool, given)
        written, spans = tools.edits(part)
        command = tools.command(part) or made.command
        path = path_of(part.get("uri"))
        call = string(part.get("toolCallId")) or (round.id if round else None)
        used = replace(
            blank,
            type=EventType.TOOL_CALL,
            trust=Trust.COMMAND if command else Trust.ASSISTANT,
            text=plain(made.text or _message(part)),
            tool=tool,
            call=call,
            command=command,
            paths=made.paths or ((path,) if path else ()),
            edits=made.edits or written,
            spans=spans or made.spans,
            sidechain=bool(part.get("subAgentInvocationId")),
        )
        yield used
        ended = replace(blank, id=f"{blank.id}/result", tool=tool, call=call, model=None, sidechain=used.sidechain)
        grounds = tools.refused(part)
        if grounds:
            refused = replace(ended, type=EventType.REJECTION, trust=Trust.HUMAN)
            yield replace(refused, outcome=Outcome.REJECTED, grounds=grounds)
            return
        text = tools.printed(part)
        text = round.result if text is None and round else text
        told = bool(round and round.result is not None)
        end = tools.ending(part, text or "", command=command, told=told, stopped=stopped and not grouped)
        if end is not None:
            yield _result(ended, end, text or _message(part, past=True), foreign=_foreign(part))

    def _count(self, shown: Sequence[Event], request: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        usage, metadata = mapping(result.get("usage")), mapping(result.get("metadata"))
        told = (request.get("completionTokens"), usage.get("completionTokens"), metadata.get("outputTokens"))
        tokens = next((count for count in told if isinstance(count, int) and not isinstance(count, bool)), None)
        place = next((place for place, event in enumerate(shown) if event.model), None)
        if tokens and 0 < tokens < 2**40 and place is not None and isinstance(shown, list):
            shown[place] = replace(shown[place], tokens=tokens)


def _reply(prose: str, blank: Event, count: int) -> Iterator[Event]:
    text = prose.strip()
    if text:
        yield replace(blank, id=f"{blank.id}/reply{count}", type=EventType.REPLY, trust=Trust.ASSISTANT, text=text)


def _unshown(round: tools.Round, blank: Event) -> Iterator[Event]:
    """A call that the user was not shown."""
    made = calls.call(round.tool, round.arguments)
    own = replace(blank, id=f"{blank.id}/{round.id}", tool=round.tool, call=round.id or None)
    yield replace(
        own,
        type=EventType.TOOL_CALL,
        trust=calls.call_trust(round.tool),
        text=plain(made.text),
        command=made.command,
        paths=made.paths,
        edits=made.edits,
        spans=made.spans,
    )
    if round.result is not None:
        end = tools.ending_of_round(round, made.command)
        yield _result(replace(own, id=f"{own.id}/result", model=None), end, round.result, foreign=False)


def _result(event: Event, end: tools.Ending, text: str, *, foreign: bool) -> Event:
    return replace(
        event,
        type=EventType.TOOL_RESULT,
        trust=Trust.TOOL if foreign else calls.result_trust(event.tool),
        text=plain(text),
        outcome=end.outcome,
        grounds=end.grounds,
        exit_code=end.exit_code,
        error=end.error,
    )


def _summaries(metadata: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    told = metadata.get("toolCallRounds")
    found = [string(mapping(turn).get("summary")) for turn in told] if isinstance(told, list) else []
    found.append(string(mapping(metadata.get("summary")).get("text")))
    for number, text in enumerate(dict.fromkeys(filter(None, found))):
        cut = replace(blank, id=f"{blank.id}/cut{number}", type=EventType.COMPACTION, model=None)
        yield replace(cut, trust=Trust.COMMAND, text="summary")
        yield replace(cut, id=f"{blank.id}/summary{number}", type=EventType.SUMMARY, text=plain(text))


def _end(request: Mapping[str, Any], result: Mapping[str, Any], blank: Event) -> Iterator[Event]:
    if _stopped(request):
        yield replace(blank, id=f"{blank.id}/stopped", type=EventType.INTERRUPT, trust=Trust.HUMAN)
        return
    error = mapping(result.get("errorDetails"))
    text = plain(string(error.get("message")) or "")
    if text:
        failed = replace(blank, id=f"{blank.id}/error", text=text, outcome=Outcome.FAILURE)
        yield replace(failed, grounds="errorDetails", error=name(error.get("code") or "request failed"))


def _stopped(request: Mapping[str, Any]) -> bool:
    state = mapping(request.get("modelState")).get("value")
    return request.get("isCanceled") is True or (state in _CANCELLED and not isinstance(state, bool))


def _foreign(part: Mapping[str, Any]) -> bool:
    return mapping(part.get("source")).get("type") == "mcp"


def _message(part: Mapping[str, Any], *, past: bool = False) -> str:
    for key in ("pastTenseMessage",) if past else ("invocationMessage",):
        said = part.get(key)
        text = said if isinstance(said, str) else string(mapping(said).get("value"))
        if text:
            return text
    return ""


def _attached(request: Mapping[str, Any]) -> tuple[str, ...]:
    told = mapping(request.get("variableData")).get("variables")
    found = []
    for variable in told if isinstance(told, list) else []:
        value = mapping(variable).get("value")
        place = mapping(value).get("uri") or value
        path = path_of(place) if isinstance(place, Mapping) else None
        if path:
            found.append(path)
    return tuple(dict.fromkeys(found))


def _answers(data: Any) -> Iterator[str]:
    """What the user chose or typed, without the questions."""
    for answer in data.values() if isinstance(data, Mapping) else ():
        if isinstance(answer, str):
            yield plain(answer)
        elif isinstance(answer, list):
            yield from (plain(item) for item in answer if isinstance(item, str))
        elif isinstance(answer, Mapping):
            yield from _answers({key: answer.get(key) for key in ("selectedValue", "selectedValues", "freeformValue")})
