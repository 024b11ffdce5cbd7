"""Memory before a conversation: what recall gives, in one system message, as far as the model's context has room.

Asked for by the name, `memsrv/<project>+memory`, so that any client can. The client's own words are never cut: memory
shrinks, and where nothing of it fits the conversation goes alone. Recall is an argument: no store is known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from memsrv.records import Message
from memsrv_adapters.endpoint.openai_chat import BadRequest
from memsrv_adapters.endpoint.roster import BASE, Lease
from memsrv_adapters.engines import Sampling
from memsrv_adapters.recall import SUFFIX, Memories, Question, Recall

#: Tokens kept for an answer of which nobody said how long it may be; never more than a share of the context.
ANSWER_ROOM = 512
ANSWER_SHARE = 4
#: Of more ids than this a header would be refused by some client; `x-memsrv-memories` counts all of them.
_HEADER_BYTES = 4000
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Laid:
    """The conversation as the model reads it, and what the client is told of the memory in it."""

    messages: tuple[Message, ...]
    memories: Memories | None

    @property
    def headers(self) -> dict[str, str]:
        ids = self.memories.ids if self.memories else ()
        named: list[str] = []
        for id in ids:
            if sum(map(len, named)) + len(named) + len(escaped := quote(id, safe=":._-")) > _HEADER_BYTES:
                break
            named.append(escaped)
        stood = "laid" if self.memories else "no room"
        return {"x-memsrv-memory": stood, "x-memsrv-memories": str(len(ids)), "x-memsrv-memory-ids": ",".join(named)}


def parted(name: str) -> tuple[str, bool]:
    """The model's name without what asks for memory, and whether it did."""
    return name.removesuffix(SUFFIX), name.endswith(SUFFIX)


def lay(recall: Recall, lease: Lease, messages: Sequence[Message], sampling: Sampling) -> Laid:
    """`messages` with what `recall` gives for the last question before them."""
    if lease.project is None:
        raise BadRequest(f"memory is a project's: ask memsrv/<project>:base{SUFFIX}, or {BASE} without memory", "model")
    engine = lease.engine
    most = engine.context - min(sampling.max_tokens or ANSWER_ROOM, engine.context // ANSWER_SHARE)
    asked = next((said.content for said in reversed(messages) if said.role == "user"), "")
    room = most - engine.tokens(messages)
    for _ in range(_TRIES):
        if room <= 0:
            break
        memories = recall(Question(lease.project, lease.version, asked, room, engine.count))
        if memories is None:
            break
        laid = _before(memories.text, messages)
        if (beyond := engine.tokens(laid) - most) <= 0:
            return Laid(laid, memories)
        room -= beyond  # a template and the seams between blocks take a little, too
    return Laid(tuple(messages), None)


def _before(text: str, messages: Sequence[Message]) -> tuple[Message, ...]:
    """One system message: several, or one that is not the first, are refused by many chat templates."""
    first, *rest = messages
    if first.role == "system":
        return Message("system", f"{text}\n\n{first.content}"), *rest
    return Message("system", text), first, *rest
