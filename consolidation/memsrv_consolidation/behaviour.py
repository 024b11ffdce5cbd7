"""Tasks in which a fact must show by itself: none of them asks for it, and none says what it says.

From facts by rule: a convention in a name that has to be written, a tool in a command, a replacement where the wrong
call would stand, a fix before the step that failed, something to avoid where one would use it. What
is asked for, in which words, is in `errands`. A fact that nothing can check has a reason instead. No model.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memsrv.layout import says_not_recorded
from memsrv.records import Fact, Message
from memsrv_consolidation.errands import DEEDS, JOBS, STYLES, TEXTS, THINGS, TOPICS, VERBS, WELL_KNOWN, WORDINGS
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.probes import gives

#: Tasks for each fact.
EACH = 2


@dataclass(frozen=True, slots=True)
class Task:
    """One task; an answer shows the fact where it has all of `must` and, before or without them, none of `never`."""

    fact: str
    sort: str  # "naming", "quotes", "indentation", "tool", "replacement", "fix", "avoid"
    prompt: str
    must: tuple[str, ...]
    never: tuple[str, ...] = ()
    reply: str = ""  # a right answer
    first: bool = False  # the step that failed may follow what is right

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.prompt),)

    def shown(self, answer: str) -> bool:
        """Whether `answer` does what the fact says."""
        if not answer.strip() or says_not_recorded(answer):
            return False
        if self.first:
            ends = [answer.casefold().find(word.casefold()) for word in self.must]
            if min(ends) < 0:
                return False
            answer = answer[: min(ends)]  # what stands before the fix must not be the step that fails without it
            return not any(_has(word, answer) for word in self.never)
        return all(_has(word, answer) for word in self.must) and not any(_has(word, answer) for word in self.never)

    def slips(self, answer: str) -> bool:
        """Whether `answer` does what the fact says not to do: where the base does, avoiding it can be measured."""
        return any(_has(word, answer) for word in self.never)


def tasks(fact: Fact, pool: Pool, rng: random.Random, n: int = EACH) -> tuple[list[Task], str | None]:
    """At most `n` tasks for `fact` in the wordings of `pool`; where there is none, why."""
    if not (fact.subject and fact.relation and fact.value):
        return [], "rules could not take it apart"
    match shape(fact.relation):
        case Shape.USE | Shape.ATTRIBUTE:
            found = _conventions(fact, pool, rng, n)
            return found, None if found else "no rule tells what a task with it must show"
        case Shape.REPLACEMENT:
            return _replacements(fact, pool, rng, n)
        case Shape.FIX:
            return _fixes(fact, pool, rng, n)
        case Shape.AVOID:
            return _avoids(fact, pool, rng, n)


def _conventions(fact: Fact, pool: Pool, rng: random.Random, n: int) -> list[Task]:
    start = rng.randrange(60)
    subject, value = _key(fact)
    right, wrong = _not(value)
    plain = right.strip("`").casefold()
    if shape(fact.relation or "") is Shape.ATTRIBUTE:
        command = re.fullmatch(r"(?:(\w+) )?command|package manager|test runner|linter|formatter", subject_of(fact))
        if command is None:
            return []
        if command[1] and " " in plain:
            where = "the project" if "project" in subject else subject
            job = f"{command[1]} {where}" if command[1] in VERBS else f"do the {command[1]} of {where}"
            return [Task(fact.id, "tool", _worded("command", pool, start + place, job), (right,), reply=right)
                    for place in range(n)]  # fmt: skip
    style = next((name for name in STYLES if plain.startswith(name)), None)
    if style is not None:
        return [_naming(fact, subject, style, pool, rng, start + place) for place in range(n)]
    if re.search(r"\b(single|double) quotes?\b", plain):
        good, bad = ("'", '"') if "single" in plain else ('"', "'")
        said = rng.sample(TEXTS, n)
        return [Task(fact.id, "quotes", _worded("quotes", pool, start + place, text), (f"{good}{text}{good}",),
                     (f"{bad}{text}{bad}",), f"print({good}{text}{good})")
                for place, text in enumerate(said)]  # fmt: skip
    if spaces := re.search(r"\btabs\b|\b(two|four|eight|2|4|8)[ -]spaces?\b", plain):
        width = {"two": 2, "four": 4, "eight": 8, "2": 2, "4": 4, "8": 8}
        indent = " " * width[spaces[1]] if spaces[1] else "\t"
        reply = f"if ready:\n{indent}start()"
        return [Task(fact.id, "indentation", _worded("indentation", pool, start + place), (f"\n{indent}",),
                     ("\n\t",) if spaces[1] else ("\n  ",), reply) for place in range(n)]  # fmt: skip
    for _, jobs, tools in JOBS:
        if plain in tools:
            wrong_tools = tuple(tool for tool in tools if tool != plain)
            return [Task(fact.id, "tool", _worded("command", pool, start + place, job), (right,), wrong_tools,
                         f"{right} {job}")
                    for place, job in enumerate(_some(jobs, n, rng))]  # fmt: skip
    for topic, deeds in TOPICS:
        if re.fullmatch(topic, subject) and len(plain.split()) <= 2:
            return [Task(fact.id, "tool", _worded("code", pool, start + place, deed), (right,), wrong, f"{right}()")
                    for place, deed in enumerate(_some(deeds, n, rng))]  # fmt: skip
    return []


def _naming(fact: Fact, subject: str, style: str, pool: Pool, rng: random.Random, place: int) -> Task:
    spell, other = STYLES[style]
    if re.search(r"\b(function|method|procedure|test)s?\b|^(names|naming|code|identifiers|python)", subject):
        deed, words = rng.choice(DEEDS)
        prompt = _worded("function", pool, place, deed)
        name = spell(words)
        return Task(fact.id, "naming", prompt, (name,), (other(words),), f"def {name}():")
    words = rng.choice(THINGS)
    said = " ".join(words)
    if re.search(r"\b(json|field|key|propert|payload|column|attribute)", subject):
        name = spell(words)
        return Task(fact.id, "naming", _worded("field", pool, place, said), (name,), (other(words),), f'"{name}"')
    one = re.sub(r"(?<=ss)es$|(?<!s)s$", "", re.sub(r" nam(es?|ing)$", "", subject))
    prompt = _worded("name", pool, place, said).replace("{a}", f"{'an' if one[:1] in 'aeiou' else 'a'} {one}")
    return Task(fact.id, "naming", prompt, (spell(words),), (other(words),), spell(words))


def _replacements(fact: Fact, pool: Pool, rng: random.Random, n: int) -> tuple[list[Task], str | None]:
    start = rng.randrange(60)
    subject, value = (fact.subject or "").strip("`"), (fact.value or "").strip("`")
    deed = WELL_KNOWN.get(subject.casefold())
    if deed is None:
        # What the wrong call is for stands in its name: `fetch_rows()` fetches rows.
        words = [w.casefold() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]{2,}(?![a-z])", subject)]
        several = len(words) > 1
        words = [word for word in words if len(word) > 2 and word not in ("new", "get", "create", "the")]
        if not (several and words):
            return [], "what the replaced call is for does not stand in its name"
        deed = " ".join(words) if words[0] in VERBS else f"compute the {' '.join(words)}"
    if gives(subject, deed) or gives(value, deed):
        return [], "a task with it would name it"
    found = [
        Task(fact.id, "replacement", _worded("code", pool, start + place, deed), (value,), (subject,), value)
        for place in range(n)
    ]
    return [task for task in found if not gives(subject, task.prompt)], None


def _fixes(fact: Fact, pool: Pool, rng: random.Random, n: int) -> tuple[list[Task], str | None]:
    start = rng.randrange(60)
    subject, value = fact.subject or "", fact.value or ""
    failing = re.match(r"`([^`]+)`", subject) or re.match(r"(\S.*?) (?:fail|exit|giv)", subject)
    if failing is None:
        return [], "it does not say which step fails"
    step, fix = failing[1], re.sub(r"^(?:run|use|do) (?=`)", "", value)
    commands = re.findall(r"`([^`]+)`", fix) or [fix.strip("`")]
    if re.search(r"`, change `", fix):  # of an edit, what has to stand there afterwards
        commands = commands[-1:]
    if any(gives(command, step) or gives(step, command) for command in commands):
        return [], "the fix is the failing step itself, done otherwise"
    found = [
        Task(fact.id, "fix", _worded("steps", pool, start + place, f"`{step}`"), tuple(commands), (step,),
             f"{'; '.join(commands)}; then {step}", first=True)
        for place in range(n)
    ]  # fmt: skip
    return found, None


def _avoids(fact: Fact, pool: Pool, rng: random.Random, n: int) -> tuple[list[Task], str | None]:
    start = rng.randrange(60)
    subject, value = _key(fact)
    subject = re.sub(r"^(?:the|our|in) ", "", subject)
    for topic, deeds in TOPICS:
        if re.fullmatch(topic, subject):
            bare = re.split(r" (?:for|in|of|on|with) ", value.strip("`"))[0]
            stem = bare[:-1] if bare.endswith("s") and len(bare) > 3 else bare
            return [Task(fact.id, "avoid", _worded("code", pool, start + place, deed), (), (bare, stem))
                    for place, deed in enumerate(_some(deeds, n, rng))], None  # fmt: skip
    return [], "no rule tells where one would use it"


def subject_of(fact: Fact) -> str:
    """What kind of thing an attribute is: its relation, as rules compare it."""
    return " ".join((fact.relation or "").casefold().split())


def _key(fact: Fact) -> tuple[str, str]:
    subject = " ".join((fact.subject or "").casefold().replace("`", "").split())
    return re.sub(r"^(?:the|our|all|new) ", "", subject), fact.value or ""


def _not(value: str) -> tuple[str, tuple[str, ...]]:
    """What is right and what is wrong in "X, not Y"."""
    right, _, wrong = value.partition(", not ")
    return right.strip(), (wrong.strip(),) if wrong.strip() else ()


def _worded(sort: str, pool: Pool, place: int, deed: str = "") -> str:
    choices = WORDINGS[sort][Pool.TRAIN if pool is Pool.TRAIN else Pool.NOVEL]
    said = choices[place % len(choices)].replace("{x}", deed)
    return said[0].upper() + said[1:]


def _some(choices: Sequence[str], n: int, rng: random.Random) -> list[str]:
    return rng.sample(list(choices), min(n, len(choices)))


def _has(word: str, answer: str) -> bool:
    """Whether `word` stands in `answer`, whole; white space and case are part of it where it is code."""
    if not word.strip():
        return word in answer
    left = r"(?<![\w-])" if word[0].isalnum() else ""
    right = r"(?![\w-])" if word[-1].isalnum() else ""
    return re.search(left + re.escape(word.strip("`")) + right, answer) is not None


def of_facts(facts: Iterable[Fact], seed: int) -> tuple[list[Task], dict[str, str]]:
    """The tasks that measure `facts`, and of the other facts, by id, why there is none."""
    found: list[Task] = []
    skipped: dict[str, str] = {}
    for fact in facts:
        made, why = tasks(fact, Pool.NOVEL, random.Random(f"{seed}/behaviour/{fact.id}"))
        found += made
        if why is not None:
            skipped[fact.id] = why
    return found, skipped
