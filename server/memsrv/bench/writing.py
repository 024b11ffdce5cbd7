"""Conversations with continuations that a teacher writes for a bench of retention, on the paper's ten projects.

What a conversation says is checked against its own words: a fact whose value no turn of it holds letter by letter is
none. Questions are made of the facts in our own wordings, so that known and novel ones stay apart.
"""

from collections.abc import Callable

from pydantic import BaseModel, ValidationError

from memsrv.errors import TeacherSilent
from memsrv.records import Kind
from memsrv_consolidation.bench.scenarios import Part, Planted, Scenario, Turn, by_kind, unknowns
from memsrv_consolidation.bench.vocabularies import VOCABULARIES
from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.probes import gives

_INSTRUCTIONS = """You write realistic conversations between a developer and a coding assistant, for a test of memory.
Answer with one JSON object and nothing else:
{"turns": [{"who": "user", "text": "..."}, {"who": "claude", "text": "..."}],
 "facts": [{"kind": "episodic", "subject": "billing gateway", "relation": "port", "value": "4711"}]}
- Facts are things that a turn of this conversation says. Three kinds:
  episodic: a value of the project; relation is a noun (port, owner, timeout, log file …).
  semantic: how this user wants things done; relation is "use" or "avoid".
  procedural: an error and what fixed it (relation "fix", subject "`command` failing with ErrorClass", value what was
  run), or a call that is wrong and the right one (relation "replacement").
- The value stands letter by letter in a turn that also names the subject. Values are exact: names, numbers, paths.
- Say facts in passing, as people do, between ordinary work: code, debugging, refactoring, design. No lists of facts.
- No secrets, no real people."""
#: How often a teacher is asked again for a part whose answer cannot be read.
_TRIES = 3


class _Turn(BaseModel):
    who: str
    text: str


class _Fact(BaseModel):
    kind: Kind
    subject: str
    relation: str
    value: str


class _Written(BaseModel):
    turns: list[_Turn]
    facts: list[_Fact]


class Author:
    """Writes scenarios with `ask`, a teacher behind its gateway."""

    def __init__(self, ask: Callable[[str, str, int], str | None]) -> None:
        self._ask = ask

    def scenario(self, place: int, facts: int, continuations: int, least: int) -> Scenario:
        """TeacherSilent where there is no answer, or none that can be read."""
        vocabulary = VOCABULARIES[place % len(VOCABULARIES)]
        parts: list[Part] = []
        for number in range(continuations + 1):
            parts.append(self._part(vocabulary.name, facts, least, number, parts))
        said = [fact for part in parts for fact in part.facts]
        suffix = "" if place < len(VOCABULARIES) else f"-{place // len(VOCABULARIES) + 1}"
        return Scenario(
            vocabulary.name, f"{vocabulary.slug}{suffix}", tuple(parts), unknowns(place, said, len(parts[0].facts))
        )

    def _part(self, project: str, facts: int, least: int, number: int, before: list[Part]) -> Part:
        wanted = ", ".join(f"{count} {kind}" for kind, count in by_kind(facts).items())
        taken = "; ".join(f"{fact.subject}: {fact.relation}" for part in before for fact in part.facts)
        which = "The first conversation." if number == 0 else f"Continuation {number}: new work on the same project."
        asked = (
            f"The project: {project}. {which} About {least} characters of turns, {facts} facts: {wanted}.\n"
            f"Already said before, not to be said again: {taken or 'nothing'}."
        )
        for _ in range(_TRIES):
            answer = self._ask(_INSTRUCTIONS, asked, least // 2 + 200 * facts)
            if answer is None:
                break
            if (part := _checked(answer, {fact.key for part in before for fact in part.facts})) is not None:
                return part
        raise TeacherSilent(f"the teacher wrote no conversation of {project}; run it again, or leave --teacher out")


def _checked(answer: str, taken: set[tuple[str, str]]) -> Part | None:
    """The conversation with the facts that it really says; None without any."""
    try:
        found = _Written.model_validate_json(answer[answer.find("{") : answer.rfind("}") + 1])
    except ValidationError:
        return None
    turns = tuple(Turn("user" if turn.who == "user" else "claude", turn.text) for turn in found.turns)
    facts: list[Planted] = []
    for one in found.facts:
        where = tuple(place for place, turn in enumerate(turns) if gives(one.value, turn.text))
        fact = Planted(one.kind, one.subject, one.relation, one.value, where[-1:])
        if where and _fits(fact) and fact.key not in taken:
            taken.add(fact.key)
            facts.append(fact)
    return Part(turns, tuple(facts)) if facts else None


def _fits(fact: Planted) -> bool:
    """Whether the relation is one of its kind."""
    kinds = {
        Shape.USE: Kind.SEMANTIC, Shape.AVOID: Kind.SEMANTIC, Shape.FIX: Kind.PROCEDURAL,
        Shape.REPLACEMENT: Kind.PROCEDURAL, Shape.ATTRIBUTE: Kind.EPISODIC,
    }  # fmt: skip
    return bool(fact.subject and fact.relation and fact.value) and kinds[shape(fact.relation)] is fact.kind
