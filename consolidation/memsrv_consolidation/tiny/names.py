"""Made-up facts of a coding project: the stuff of which the tiny corpus is made.

Everything is procedural: a random subject, relation and value. Knows nothing of documents or questions.
"""

import random
from dataclasses import dataclass

from memsrv_consolidation.frames import Shape, shape
from memsrv_consolidation.tiny.subjects import component, failure, topic
from memsrv_consolidation.tiny.values import (
    Maker,
    call,
    choice_of_style,
    command,
    duration,
    edit,
    environment,
    identifier,
    name,
    number,
    path,
    person,
    phrase,
    port,
    quoted,
    tool,
    url,
    value_like,
    version,
    word,
)
from memsrv_consolidation.tiny.vocabulary import WORDS, words

_VALUES: tuple[tuple[str, tuple[Maker, ...]], ...] = (
    ("port|admin port|debug port|metrics port|listening port", (port,)),
    ("url|base url|endpoint|webhook url|health url|address|docs url", (url,)),
    ("version|schema version|api version|node version|python version|minimum version", (version,)),
    (
        "path|log file|config file|entry point|output folder|lock file|root folder|fixture folder|migration folder",
        (path,),
    ),
    (
        "test command|build command|deploy command|lint command|start command|format command|migrate command|run "
        "command|"
        "release command|seed command|install command|check command|type check command|bench command|setup command",
        (command,),
    ),
    ("database|queue|framework|package manager|cache|test runner|linter|formatter|message broker|library|orm", (tool,)),
    ("owner|maintainer|reviewer|on-call|author|contact", (person,)),
    ("timeout|interval|ttl|retention|delay|polling interval|session length|deadline|lease", (duration,)),
    ("branch|table|region|bucket|topic|namespace|cluster|schema|index|workspace|channel|release branch", (name,)),
    (
        "retry limit|batch size|worker count|rate limit|max size|thread count|line length|page size|pool "
        "size|threshold|"
        "replica count|memory limit|shard count|seed",
        (number,),
    ),
    ("image tag|docker image|base image|git tag", (version, identifier)),
    (
        "feature flag|helper|test helper|class|main function|handler|hook|codename|nickname|alias|service account",
        (identifier,),
    ),
    ("env variable|secret name|environment variable|token variable", (environment,)),
    ("status code|exit code|error code", (number, identifier)),
    (
        "license|strategy|format|encoding|locale|time zone|currency|deploy day|color|theme|algorithm|convention",
        (phrase, word, tool),
    ),
)
_RELATIONS: tuple[tuple[str, tuple[Maker, ...]], ...] = tuple(
    (relation, makers) for relations, makers in _VALUES for relation in relations.split("|")
)
_QUALIFIERS = words(
    "staging production default local internal public test dev preview backup main old new admin read write"
)
_ANY: tuple[Maker, ...] = (
    port,
    url,
    version,
    path,
    command,
    tool,
    person,
    duration,
    name,
    number,
    identifier,
    environment,
    phrase,
    word,
    call,
)

SYNONYMS = {
    "port": "port number",
    "url": "address",
    "path": "location",
    "database": "db",
    "owner": "maintainer",
    "timeout": "time limit",
    "branch": "git branch",
    "config file": "settings file",
    "log file": "log path",
    "package manager": "package tool",
    "image tag": "docker tag",
    "retry limit": "max retries",
    "table": "table name",
    "env variable": "environment variable",
    "queue": "message queue",
    "library": "package",
    "interval": "period",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up fact."""

    subject: str
    relation: str
    value: str


def attribute(rng: random.Random) -> tuple[str, tuple[Maker, ...]]:
    """A relation and what makes its values; a third are composed, so that the vocabulary stays open."""
    relation, makers = rng.choice(_RELATIONS)
    roll = rng.random()
    if roll < 0.13:
        return f"{rng.choice(_QUALIFIERS)} {relation}", makers
    if roll < 0.2:
        return f"{word(rng)} {relation}", makers
    if roll < 0.33:
        return rng.choice(
            (word(rng), f"{rng.choice(WORDS)} {rng.choice(WORDS)}", f"{word(rng)} {rng.choice(WORDS)}")
        ), _ANY
    return relation, makers


def made(rng: random.Random) -> Made:
    """One fact of a random shape."""
    roll = rng.random()
    if roll < 0.6:
        relation, makers = attribute(rng)
        value = rng.choice(_ANY if rng.random() < 0.05 else makers)(rng)
        return Made(component(rng), relation, quoted(value, rng, 0.06))
    if roll < 0.7:
        value = choice_of_style(rng)
        return Made(topic(rng), "use", f"{value}, not {choice_of_style(rng)}" if rng.random() < 0.2 else value)
    if roll < 0.76:
        return Made(topic(rng), "avoid", choice_of_style(rng))
    if roll < 0.9:
        fix = command(rng) if rng.random() < 0.6 else edit(rng)
        return Made(failure(rng), "fix", quoted(fix, rng, 0.15))
    kind = rng.choice((call, call, identifier, command, tool, path))
    return Made(quoted(kind(rng), rng, 0.6), "replacement", quoted(kind(rng), rng, 0.5))


def key(fact: Made) -> tuple[str, str]:
    """What may have one value only; `use` and `avoid` of one topic would make half the questions ambiguous."""
    relation = SYNONYMS.get(fact.relation, fact.relation) if shape(fact.relation) is Shape.ATTRIBUTE else "*"
    return fact.subject.strip("`").casefold(), relation


def several(rng: random.Random, n: int) -> list[Made]:
    """`n` facts with distinct keys, a third of the attributes confusable: same subject or same relation as another."""
    found: dict[tuple[str, str], Made] = {}
    while len(found) < n:
        fact = made(rng)
        if found and shape(fact.relation) is Shape.ATTRIBUTE and rng.random() < 0.35:
            other = rng.choice(list(found.values()))
            if shape(other.relation) is Shape.ATTRIBUTE:
                same_subject = rng.random() < 0.5
                fact = (
                    Made(other.subject, fact.relation, fact.value)
                    if same_subject
                    else Made(fact.subject, other.relation, value_like(other.value, rng))
                )
        found.setdefault(key(fact), fact)
    return list(found.values())
