"""Conversations with continuations, made up: a project is worked on, and on the way things are said that will be asked.

Each part says as many facts of each of the paper's three kinds as its test set has shares of them; some values replace
older ones; between them is work of which nothing is asked. The same seed gives the same words. Knows no store, no
model, and nothing of how facts are found.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from memsrv.records import Kind
from memsrv_consolidation import wordings
from memsrv_consolidation.bench.vocabularies import VOCABULARIES, Vocabulary
from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.tiny import names, subjects, values

#: Of the paper's 1,146 test questions, so many are of each kind.
SHARES = {Kind.SEMANTIC: 184, Kind.PROCEDURAL: 154, Kind.EPISODIC: 808}
#: Characters that a part has at least: a sixth of it still holds a summary.
LEAST_CHARS = 2_400
#: Of the attributes, so many have replaced another value before the part ends.
_SUPERSEDED = 1 / 6


@dataclass(frozen=True, slots=True)
class Turn:
    """`who` is "user", "claude" or "run": a command with what it printed and its exit code."""

    who: str
    text: str
    printed: str = ""
    code: int = 0

    @property
    def line(self) -> str:
        """As it stands in a context."""
        if self.who != "run":
            return f"{self.who}: {self.text}"
        return f"claude: ran `{self.text}`" + (f", exit {self.code}: {self.printed}" if self.code else "")


@dataclass(frozen=True, slots=True)
class Planted:
    """What will be asked. `said`: the turns of its part that say it. `was`: the value that it replaced, if any."""

    kind: Kind
    subject: str
    relation: str
    value: str
    said: tuple[int, ...] = ()
    was: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return names.key(names.Made(self.subject, self.relation, self.value))


@dataclass(frozen=True, slots=True)
class Part:
    """One conversation: the original, or a continuation of it."""

    turns: tuple[Turn, ...]
    facts: tuple[Planted, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """The original and its continuations. `unknown`: (subject, relation) of what nobody says in any of them."""

    name: str
    slug: str
    parts: tuple[Part, ...]
    unknown: tuple[tuple[str, str], ...] = ()


def by_kind(facts: int) -> dict[Kind, int]:
    """`facts` in the paper's shares, one of each kind at least."""
    total = sum(SHARES.values())
    counts = {kind: max(1, round(facts * share / total)) for kind, share in SHARES.items()}
    counts[Kind.EPISODIC] = max(1, facts - counts[Kind.SEMANTIC] - counts[Kind.PROCEDURAL])
    return counts


def made(place: int, facts: int, continuations: int, least: int = LEAST_CHARS, seed: int = 1) -> Scenario:
    """The scenario at `place` of the ten; after them the same projects with other facts.

    `facts` in each of its parts, which have `least` characters, and as many questions to which nothing was said.
    """
    vocabulary, again = VOCABULARIES[place % len(VOCABULARIES)], place // len(VOCABULARIES)
    rng = random.Random(f"{seed}/{place}")
    writer = _Writer(vocabulary, rng, least)
    parts = tuple(writer.part(facts) for _ in range(continuations + 1))
    suffix = f" {again + 1}" if again else ""
    unknown = tuple(writer.unknown(parts[0].facts) for _ in range(facts))
    return Scenario(vocabulary.name + suffix, f"{vocabulary.slug}{suffix.replace(' ', '-')}", parts, unknown)


def unknowns(place: int, said: Sequence[Planted], count: int) -> tuple[tuple[str, str], ...]:
    """Keys of which somebody else's conversations say nothing: `said` is what they do say."""
    writer = _Writer(VOCABULARIES[place % len(VOCABULARIES)], random.Random(f"unknown/{place}"), 0)
    writer.taken |= {fact.key for fact in said}
    return tuple(writer.unknown(said) for _ in range(count))


class _Writer:
    """Writes the parts of one project; no key is used twice."""

    def __init__(self, vocabulary: Vocabulary, rng: random.Random, least: int) -> None:
        self._words, self._rng, self._least = vocabulary, rng, least
        self.taken: set[tuple[str, str]] = set()

    def part(self, count: int) -> Part:
        rng = self._rng
        facts = [self._fact(kind) for kind, number in by_kind(count).items() for _ in range(number)]
        rng.shuffle(facts)
        acts = [(fact, self._told(fact)) for fact in facts]
        earlier = [(fact, self._told_before(fact)) for fact in facts if fact.was]
        # What is replaced was said before: in the first half, and what replaces it in the second.
        first = [act for act in acts if not act[0].was]
        half = len(first) // 2
        second = [*first[half:], *(act for act in acts if act[0].was)]
        opening: list[tuple[Planted | None, list[Turn]]] = [*first[:half], *((None, told) for _, told in earlier)]
        rng.shuffle(opening)
        rng.shuffle(second)
        turns, said = self._filler(), dict[Planted, tuple[int, ...]]()
        for fact, told in (*opening, *second):
            if fact:
                said[fact] = tuple(range(len(turns), len(turns) + len(told)))
            turns += told
            if rng.random() < 0.7:
                turns += self._filler()
        while sum(len(turn.line) for turn in turns) < self._least:
            turns += self._filler()
        return Part(
            tuple(turns),
            tuple(Planted(f.kind, f.subject, f.relation, f.value, said[f], f.was) for f in facts),
        )

    def unknown(self, said: Sequence[Planted]) -> tuple[str, str]:
        """A key that nobody said anything of: half of the time something else about a subject that is known."""
        rng = self._rng
        known = [fact.subject for fact in said if fact.kind is Kind.EPISODIC]
        while True:
            fact = self._episodic() if rng.random() < 0.5 or not known else self._near(rng.choice(known))
            if fact.key not in self.taken:
                self.taken.add(fact.key)
                return fact.subject, fact.relation

    def _near(self, subject: str) -> Planted:
        return Planted(Kind.EPISODIC, subject, names.attribute(self._rng)[0], "")

    def _fact(self, kind: Kind) -> Planted:
        make = {Kind.EPISODIC: self._episodic, Kind.SEMANTIC: self._semantic, Kind.PROCEDURAL: self._procedural}[kind]
        while True:
            fact = make()
            if fact.key not in self.taken:
                self.taken.add(fact.key)
                return fact

    def _episodic(self) -> Planted:
        rng = self._rng
        relation, makers = names.attribute(rng)
        component = rng.choice(self._words.components)
        subject = rng.choice((component, f"{rng.choice(('staging', 'nightly', 'new', 'public', 'old'))} {component}",
                              f"{values.word(rng)} {component.split()[-1]}"))  # fmt: skip
        value = rng.choice(makers)(rng)
        was = values.value_like(value, rng) if rng.random() < _SUPERSEDED else None
        return Planted(Kind.EPISODIC, subject, relation, value, was=was if was != value else None)

    def _semantic(self) -> Planted:
        rng = self._rng
        relation = "use" if rng.random() < 0.65 else "avoid"
        return Planted(Kind.SEMANTIC, subjects.topic(rng), relation, values.choice_of_style(rng).replace("`", ""))

    def _procedural(self) -> Planted:
        rng = self._rng
        if rng.random() < 0.4:
            wrong, right = values.call(rng), values.call(rng)
            return Planted(Kind.PROCEDURAL, wrong, "replacement", right)
        error, remedy, _ = self._trouble()
        command = f"{rng.choice(self._words.commands)} --{values.word(rng)}"
        return Planted(Kind.PROCEDURAL, f"`{command}` failing with {error}", "fix", remedy)

    def _trouble(self) -> tuple[str, str, str]:
        """An error, what repairs it, and what is printed."""
        rng, thing = self._rng, values.word(self._rng)
        tool = rng.choice(self._words.tools)
        return rng.choice((
            ("ModuleNotFoundError", f"pip install {tool}-{thing}", f"ModuleNotFoundError: No module named '{thing}'"),
            ("FileNotFoundError", f"touch config/{thing}.toml", f"FileNotFoundError: config/{thing}.toml"),
            ("PermissionError", f"chmod u+x tools/{thing}.sh", f"PermissionError: tools/{thing}.sh"),
            ("ConnectionRefusedError", f"docker compose up -d {thing}", f"ConnectionRefusedError: {thing}"),
        ))  # fmt: skip

    def _told(self, fact: Planted) -> list[Turn]:
        """The turns in which `fact` is said."""
        rng = self._rng
        if shape(fact.relation) is Shape.FIX:
            command, _, error = fact.subject.partition(" failing with ")
            command, passed = command.strip("`"), rng.choice(("ok", "done", "all green"))
            seen = wordings.statement(fact.subject, fact.relation, fact.value, rng)
            return [
                Turn("user", f"please run {command}"), Turn("run", command, f"{error}: {values.word(rng)}", 1),
                Turn("run", fact.value, passed), Turn("run", command, passed), Turn("claude", seen),
            ]  # fmt: skip
        return [Turn("user", self._said(fact, fact.value)), Turn("claude", rng.choice(_NOTED))]

    def _told_before(self, fact: Planted) -> list[Turn]:
        assert fact.was
        return [Turn("user", self._said(fact, fact.was)), Turn("claude", self._rng.choice(_NOTED))]

    def _said(self, fact: Planted, value: str) -> str:
        """Mostly as plainly as people correct an agent; else in one of the ways that the base has met."""
        rng = self._rng
        if rng.random() < 0.25:
            return wordings.statement(fact.subject, fact.relation, value, rng)
        return rng.choice(_PLAIN[shape(fact.relation)]).format(s=fact.subject, r=fact.relation, v=value)

    def _filler(self) -> list[Turn]:
        rng, words = self._rng, self._words
        filled = {"c": rng.choice(words.components), "t": rng.choice(words.tools), "w": values.word(rng)}
        ask, reply = rng.choice(_FILLERS)
        turns = [Turn("user", ask.format(**filled))]
        if rng.random() < 0.3:
            turns.append(Turn("run", rng.choice(words.commands), "ok"))
        return [*turns, Turn("claude", reply.format(**filled))]


_NOTED: Sequence[str] = ("Noted.", "Got it.", "Understood.", "Okay, I will keep to that.", "Done.", "Right.")
_PLAIN: dict[Shape, tuple[str, ...]] = {
    Shape.ATTRIBUTE: (
        "The {r} of {s} is {v}.", "no, the {r} of {s} is {v}", "remember that the {r} of {s} is {v}",
        "the {s} {r} is {v}", "decision: {s} {r} = {v}", "that is wrong, the {r} of {s} is {v}",
    ),
    Shape.USE: (
        "For {s}, use {v}.", "please always use {v} for {s}", "from now on, {s} must use {v}", "I prefer {v} for {s}",
        "no, use {v} for {s}",
    ),
    Shape.AVOID: ("never use {v} in {s}", "don't use {v} in {s}", "stop using {v} in {s}", "I don't want {v} in {s}"),
    Shape.REPLACEMENT: (
        "Use {v} instead of {s}.", "use {v}, not {s}", "{s} does not exist, use {v} instead",
        "never call {s}, call {v}",
    ),
}  # fmt: skip
_FILLERS = (
    ("can you look at the {c} next?", "I read through the {c}. It is in good shape, two names could be clearer."),
    ("why is the {c} slow today?", "It waits for {t}. I added a log line so that we see how long."),
    ("clean up the imports there", "Cleaned up, and I ran the checks."),
    ("what is left of the {c}?", "The empty case has no test yet, and the docs are behind."),
    ("add a test for the empty case", "Added one for the {c}; it passes."),
    ("is {t} the right thing for this?", "I think so: it is small and we have it anyway."),
    ("let's leave the {c} for tomorrow", "Fine, I left a note in the branch."),
    ("push it when the checks pass", "Pushed, the checks are green."),
    ("explain that change to me", "It walks over each entry of the {c} once and skips those that are empty."),
    ("hmm the diff is large", "I split it: first the {c}, then what {t} needs."),
    ("thanks, go on", "Next I move the helpers of the {c} into a file of their own."),
    ("does it still work offline?", "Yes, {t} is only asked when there is something new."),
)
