"""The third lens: what is true of this project: what the human states, and the commands that pass.

The assistant's prose, tool output, files and web pages are no source here: what they say may be wrong or planted.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from memsrv.lenses import prose, scope
from memsrv.lenses.answers import answers
from memsrv.lenses.claim import THIS_PROJECT, Claim, Reading, claim, evidence, in_own_words
from memsrv.lenses.clauses import clauses
from memsrv.lenses.runs import Run, bare, is_compound, runs, words
from memsrv.lenses.stated_facts import stated
from memsrv.lenses.ways import is_decision
from memsrv.records import Event, EventType, Kind, Trust

_ASKED = re.compile(r"(?i)\b(?:run|execute|start)\b")
_ROLES = (
    (
        "test command",
        re.compile(
            r"(?:^|\s)(?:pytest|jest|vitest|mocha|rspec|tox|nox|ctest|phpunit|unittest)(?:\s|$)|(?:^|\s)(?:t"
            r"est|tests|test:[\w-]+|check)(?:\s|$)"
        ),
    ),
    ("type check command", re.compile(r"(?:^|\s)(?:mypy|pyright|tsc|type-?checks?|check-types)(?:\s|$)")),
    (
        "lint command",
        re.compile(
            r"(?:^|\s)(?:ruff check|ruff|flake8|eslint|pylint|golangci-lint|clippy|rubocop|lint|lint:[\w-]+)(?:\s|$)"
        ),
    ),
    ("format command", re.compile(r"(?:^|\s)(?:black|prettier|gofmt|rustfmt|fmt|format)(?:\s|$)")),
    (
        "migration command",
        re.compile(r"(?:^|\s)(?:alembic upgrade|migrate|migration:run|db:migrate|prisma migrate)(?:\s|$)"),
    ),
    ("deploy command", re.compile(r"(?:^|\s)(?:deploy|deploy:[\w-]+)(?:\s|$)|(?:^|/)deploy\.sh")),
    ("build command", re.compile(r"(?:^|\s)(?:build|build:[\w-]+|webpack|compile)(?:\s|$)")),
)
_RUNNERS = frozenset(
    "make just npm pnpm yarn bun npx pnpx bunx uv poetry hatch pdm pipenv rye cargo go python python3 py "
    "pytest tox nox ruff mypy pyright flake8 eslint tsc jest "
    "vitest mocha rspec bundle rake gradle ./gradlew mvn ./mvnw dotnet mix sbt black prettier gofmt cmake "
    "ctest nx turbo turborepo deno golangci-lint alembic php composer "
    "swift bazel task invoke pylint rubocop".split()
)
_DEV_PORT = re.compile(
    r"(?:^|\s)(?P<server>next dev|vite|uvicorn|gunicorn|flask run|hypercorn|http\.server|rails s(?:erver)?"
    r"|nodemon|webpack serve|ng serve|astro dev|fastapi dev|streamlit run|mkdocs serve|hugo server)\b.*?(?:-"
    r"-port[= ]|-p[= ]?|--bind[= ]\S*:)(?P<port>\d{2,5})\b"
)


def project_facts(events: Sequence[Event]) -> Iterator[Claim]:
    for event in events:
        if not event.sidechain and event.type in (EventType.PROMPT, EventType.REJECTION) and event.trust is Trust.HUMAN:
            yield from _said(event)
        for answer in answers(event):
            yield from _said(replace(event, text=answer.words))
    yield from _commands_that_pass(events)
    yield from _dev_ports(events)


def _said(event: Event) -> Iterator[Claim]:
    for sentence in prose.sentences(event.text):
        if scope.is_passing(sentence):
            sentence = _aside(sentence)
            if not sentence:
                continue
        found = [(sentence, reading) for reading in stated(sentence)]
        parts = [(clause, reading) for clause in clauses(sentence) for reading in stated(clause)]
        if len(parts) > 1 or not found:
            found = parts
        quotes = (evidence(event, sentence),)
        for said, reading in found:
            yield claim(reading, Trust.HUMAN, (evidence(event, said),), event.time)
        if not found and is_decision(sentence) and 4 <= len(sentence.split()) <= 40:
            yield in_own_words(sentence, Trust.HUMAN, quotes, event.time, Kind.EPISODIC)


def _aside(sentence: str) -> str:
    """ "You don't need to do that, you have a local copy at ../tap": the last clause may state what lasts."""
    clause = sentence.rsplit(", ", 1)[-1].strip()
    return "" if clause == sentence or scope.is_question(sentence) or scope.is_passing(clause) else clause


def _commands_that_pass(events: Sequence[Event]) -> Iterator[Claim]:
    """For each role the command that passed most: twice, or once where the human had asked for it."""
    ran = list(runs(events))
    for role, _ in _ROLES:
        passed = [(general(run.command), run) for run in ran if run.passed and role_of(run.command) == role]
        counts = Counter(command for command, _ in passed if command)
        if not counts:
            continue
        (command, times), *others = counts.most_common()
        witnesses = [run for name, run in passed if name == command]
        if (others and others[0][1] == times) or (times < 2 and not _asked(events, witnesses[0], role)):
            continue
        quotes = [evidence(run.call, run.command.splitlines()[0]) for run in witnesses[:2]]
        yield claim(Reading(THIS_PROJECT, role, command), Trust.COMMAND, quotes, witnesses[0].call.time)


def _asked(events: Sequence[Event], run: Run, role: str) -> bool:
    """Whether the human's last words before the run asked for it."""
    word = role.split()[0]
    for event in reversed(events[: run.place]):
        if event.type is EventType.PROMPT:
            return _ASKED.search(event.text) is not None and re.search(rf"(?i)\b{word}", event.text) is not None
    return run.call.type is EventType.COMMAND


def role_of(command: str) -> str | None:
    """What a command is for, or None: not a runner, or more than one thing at once."""
    line = bare(command)
    if is_compound(command) or "&&" in line or ";" in line or "|" in line:
        return None
    split = [w for w in words(line) if not re.fullmatch(r"[A-Za-z_]\w*=.*", w)]
    if not split or (split[0] not in _RUNNERS and not split[0].endswith(".sh")):
        return None
    if split[0] in ("python", "python3", "py") and "-m" not in split[:2]:
        return None
    if len(split) > 1 and split[1] in ("install", "add", "i", "ci", "sync", "remove", "--version", "-V", "--help"):
        return None
    spaced = " ".join(w.rsplit("/", 1)[-1] if w.startswith("./") else w for w in split)
    return next((role for role, pattern in _ROLES if pattern.search(spaced)), None)


def general(command: str) -> str:
    """The command without what it was pointed at: single test files, names, line numbers."""
    split = bare(command).split()
    kept = [
        w
        for place, w in enumerate(split)
        if place == 0
        or (
            not (
                (re.search(r"\.\w{1,4}(?:::|:\d|$)|::", w) and not w.startswith("-"))
                or split[place - 1] in ("-k", "-t", "--grep", "-run", "--filter-tests")
            )
            and w not in ("-k", "-t", "--grep", "-run", "-x", "--lf", "--ff", "-vv", "-v", "--last-failed")
        )
    ]
    return " ".join(kept)


def _dev_ports(events: Sequence[Event]) -> Iterator[Claim]:
    for run in runs(events):
        found = _DEV_PORT.search(run.command)
        if found is not None and not run.failed:
            quotes = (evidence(run.call, run.command.splitlines()[0]),)
            if found["port"] in quotes[0].quote:
                yield claim(Reading("the dev server", "port", found["port"]), Trust.COMMAND, quotes, run.call.time)
