"""Facts for a made-up project, each in one of many wordings: what `memsrv bench compaction` plants and looks for again.

A fact is kept where all of its exact values stand in one line of what is left. Wordings differ in where the value
stands, in how much is said around it and in whether any cue word is near; half of the subjects are words that nobody
uses. Knows nothing of how a session is compacted, and shares no word list with the rules that do it.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

#: What the structural floor promises to keep, and what only prose and outputs say.
FLOOR = ("constraint", "decision", "edit", "command", "error")
PROSE = ("reply", "output")


@dataclass(frozen=True, slots=True)
class Planted:
    """`text` as it is said; `values` must all come back; `question` and its `answer` are the paper's measure."""

    kind: str
    text: str
    values: tuple[str, ...]
    question: str
    answer: str


_ONSETS = ("b", "br", "ch", "d", "dr", "f", "g", "gl", "h", "k", "kl", "l", "m", "n", "p", "pr",
           "s", "sk", "t", "tr", "v", "w", "z")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ei", "ou")
_CODAS = ("", "l", "n", "r", "s", "t", "x", "nd", "rk", "st")
_THINGS = (
    "gateway", "importer", "scheduler", "ledger", "cache", "notifier", "indexer", "relay", "exporter", "worker",
    "proxy", "dashboard", "parser", "queue", "renderer", "crawler", "billing job", "sync loop", "mailer",
    "rate limiter",
)  # fmt: skip
_OLD_OR_NEW = ("new", "old", "nightly", "EU", "staging", "public", "v2")
_FOLDERS = ("src", "lib", "services", "packages/core", "app", "internal", "cmd", "tools", "infra", "web/components")
_STEMS = ("store", "api", "view", "job", "types", "util")
_ENDINGS = (".py", ".ts", ".go", ".rs", ".sql", ".yaml", ".tsx", ".toml")
_PEOPLE = (
    "Ottilie",
    "Kwame",
    "Marit",
    "Joaquín",
    "Yuki",
    "Tadeusz",
    "Amara",
    "Sven",
    "Priya",
    "Leocadia",
    "Bao",
    "Iman",
)
_LIBRARIES = (
    "redis", "postgres", "sqlite", "rabbitmq", "kafka", "protobuf", "msgpack", "pydantic", "zod", "tailwind", "htmx",
    "celery", "temporal", "nats", "duckdb", "polars", "esbuild", "vite", "axum", "tokio", "sqlc", "prisma",
)  # fmt: skip


_One = TypeVar("_One")


class Words:
    """Names and values that nobody has used before."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self._used: set[str] = set()

    def of(self, *these: _One) -> _One:
        return self.dice.choice(these)

    def new(self, make: Callable[[], str]) -> str:
        made = make()
        for _ in range(50):  # of small numbers there are not enough for each to be new
            if made not in self._used:
                break
            made = make()
        self._used.add(made)
        return made

    def name(self) -> str:
        def syllable() -> str:
            return self.of(*_ONSETS) + self.of(*_VOWELS) + self.of(*_CODAS)

        return self.new(lambda: syllable() + syllable())

    def thing(self) -> str:
        """What a sentence is about: `the klaist importer`, or `the nightly mailer`."""
        first = self.name if self.dice.random() < 0.8 else lambda: self.of(*_OLD_OR_NEW)
        return self.new(lambda: f"{first()} {self.of(*_THINGS)}")

    def path(self) -> str:
        return self.new(lambda: f"{self.of(*_FOLDERS)}/{self.name()}_{self.of(*_STEMS)}{self.of(*_ENDINGS)}")

    def number(self, low: int, high: int) -> str:
        return self.new(lambda: str(self.dice.randint(low, high)))

    def value(self) -> tuple[str, str]:
        """What it is called, and an exact value."""
        dice, name = self.dice, self.name
        forms: tuple[Callable[..., tuple[str, str]], ...] = _VALUES
        what, value = self.of(*forms)(dice, name, self.number)
        return str(what), str(value)


def _picked(dice: random.Random, *words: str) -> str:
    return dice.choice(words)


_VALUES = (
    lambda d, n, k: ("port", k(1100, 59000)),
    lambda d, n, k: ("timeout", f"{k(2, 950)} {_picked(d, 'seconds', 'ms', 'minutes')}"),
    lambda d, n, k: ("version", f"{d.randint(0, 21)}.{d.randint(0, 40)}.{k(0, 99)}"),
    lambda d, n, k: ("bucket", f"{n()}-{_picked(d, 'prod', 'eu-west', 'archive')}-{d.randint(1, 9)}"),
    lambda d, n, k: ("host", f"{n()}.{_picked(d, 'internal', 'example.org', 'svc.local')}"),
    lambda d, n, k: ("table", f"{n()}_{_picked(d, 'events', 'rows', 'snapshots', 'keys')}"),
    lambda d, n, k: ("topic", f"{n()}.{_picked(d, 'created', 'v2', 'dlq')}"),
    lambda d, n, k: ("owner", f"{_picked(d, *_PEOPLE)} {n().title()}"),
    lambda d, n, k: ("batch size", k(60, 9900)),
    lambda d, n, k: ("environment variable", f"{n().upper()}_{_picked(d, 'URL', 'TOKEN_FILE', 'MODE', 'LIMIT')}"),
    lambda d, n, k: ("limit", f"{k(2, 980)} {_picked(d, 'MB', 'requests a minute', 'rows', 'connections')}"),
    lambda d, n, k: ("cron expression", f"{d.randint(0, 59)} {k(0, 23)} * * {d.randint(0, 6)}"),
    lambda d, n, k: ("feature flag", f"enable-{n()}"),
    lambda d, n, k: ("checksum", f"{d.getrandbits(40):010x}"),
    lambda d, n, k: ("config file", f"etc/{n()}.{_picked(d, 'toml', 'yaml', 'ini')}"),
    lambda d, n, k: ("error code", f"{n()[:3].upper()}-{k(100, 9999)}"),
)  # fmt: skip

_ASKED = "What is the {what} of the {thing}?"

_CONSTRAINTS = (
    "Whatever you do, the {what} of the {thing} has to stay {v}.",
    "Please never change the {what} of the {thing}, it must remain {v}.",
    "One thing before you start: {thing} and {what} = {v}, that's fixed by the customer.",
    "The {thing} only works with {v} as its {what}, so don't touch that.",
    "I don't want anything but {v} for the {thing}'s {what}.",
    "keep {what} {v} on the {thing}, always",
    "No, the {what} there is {v}. We agreed on that with the ops team for the {thing}.",
    "For the {thing} stick to {v} ({what}).",
    "Also remember that our {thing} must not go beyond {v} as {what}.",
    "You used something else again. {v} is the {what} we need on the {thing}, full stop.",
    "If you have to restart the {thing}, make sure its {what} is still {v} afterwards.",
    "Our compliance people insist on {v} being the {what} of the {thing}.",
    "Under no circumstances should the {thing} run without {what} {v}!",
    "i said this last week already, {thing}: {what} is {v}",
)
_DECISIONS = (
    "OK, let's go with {v} for the {what} of the {thing} then.",
    "Decision: {thing} gets {v} as {what}.",
    "I talked to {person}, and we settled on {v} as {what} for the {thing}.",
    "Fine, {v} it is ({what} of the {thing}).",
    "After thinking about it, I'd rather have the {thing} use {v} as its {what} because the other one broke twice.",
    "We will move the {thing}'s {what} to {v}, the old value goes away.",
    "yes, {v}. That's the {what} for the {thing} from now on.",
    "Let's not overthink this: {what} of the {thing} becomes {v}.",
)
_AGENT_DECISIONS = (
    "I went with {v} as the {what} of the {thing}, since the alternative would have needed a migration.",
    "Given the trade-offs, the {thing} now uses {v} for its {what}.",
    "We agreed that {v} becomes the {what} of the {thing}.",
    "I chose {v} over {library} here: as {what} it keeps the {thing} simple.",
    "Design decision: the {what} of the {thing} is {v}.",
)
_REPLIES = (
    "The {what} of the {thing} turned out to be {v}.",
    "While reading the code I noticed that the {thing} has {v} as its {what}, which explains the odd numbers in there.",
    "It looks like {v} is hard-coded as {what} in the {thing}.",
    "So the reason was simple: the {thing} expected a different {what}, namely {v}, and gave up silently.",
    "Note that {thing} talks to {library} and that its {what} defaults to {v} unless somebody overrides it.",
    "{v} ({what}, {thing}) is what the staging machine reports as well.",
    "There are two places that matter here. The first one is the {thing}, whose {what} I found to be {v}.",
    "According to {person}'s comment, the {what} for the {thing} used to be something else before it became {v}.",
    "Done. The {thing} is up again, {what} {v}, and the smoke test is green.",
    "I could reproduce it: with the {what} at {v} the {thing} drops every third message.",
    "As for the {thing} – its {what} is {v}, so nothing has to be done there.",
    "The {thing} reads its {what} at start; today that is {v}.",
    "Summary of what I learned: the {thing} was written by {person}, runs on {library} and its {what} equals {v}.",
    "Interesting: {thing} → {v} ({what}).",
)
_OUTPUTS = (
    "{thing}: {what} is {v}",
    "INFO  {thing} starting, {what}={v}",
    "{what_}: {v}  # {thing}",
    "[{thing}] using {what} {v}",
    '{thing_}.{what_} = "{v}"',
    "warning: {thing} overrides {what}: {v}",
    "  {thing:<34}{what:<24}{v}",
    "export {THING}_{WHAT}={v}",
    "| {thing} | {what} | {v} |",
    "Resolved {what} for {thing} -> {v}",
)
_COMMANDS = (
    "make {name}-{verb} ENV={other}", "python -m {name}.{verb} --{other} {n}", "docker compose up -d {name}-{other}",
    "npm run {verb}:{name} -- --{other}={n}", "cargo run -p {name} -- {verb} --{other}",
    "./scripts/{verb}_{name}.sh {n}", "alembic upgrade {name}{n}",
    "kubectl rollout restart deploy/{name}-{other}", "terraform apply -target=module.{name}",
    "uv run {name} {verb} --limit {n}", "go run ./cmd/{name} -{other} {n}", "gh workflow run {name}.yml -f {other}={n}",
    "psql -d {name} -f migrations/{n}_{other}.sql", "helm upgrade {name} charts/{other} --set replicas={n}",
)  # fmt: skip
_VERBS = ("deploy", "seed", "reindex", "verify", "backfill", "sync", "render", "prune", "replay", "warm")
_FAILURES = (
    ("pytest -q {path}", "FAILED {path}::test_{name} - {error}: {said}\n1 failed, {n} passed in 1.3s"),
    (
        "pytest {path}::test_{name}",
        "    def test_{name}():\n>       run()\nE       {error}: {said}\n\n{path}:{n}: {error}\n1 failed in 0.2s",
    ),
    ("npx jest {name}", "  ● {name} › handles it\n\n    {error}: {said}\n\nTests: 1 failed, {n} passed, 9 total"),
    ("go test ./{name}/...", "--- FAIL: Test{Name} (0.0{n}s)\n    {name}_test.go:{n}: {error}: {said}\nFAIL\t{name}"),
    (
        "cargo test {name}",
        "---- {name}::works stdout ----\nthread 'main' panicked at {error}: {said}\n"
        "test result: FAILED. 0 passed; 1 failed",
    ),
)
_ERRORS = ("ValueError", "KeyError", "TypeError", "TimeoutError", "AssertionError", "LookupError", "ConnectionError")
_SAID = ("expected {a} but got {b}", "unknown {name} '{b}'", "{name} not ready after {a}s", "cannot convert {name} {b}",
         "{a} != {b}", "missing field {name}_{a}", "no route for {name}/{b}")  # fmt: skip


def fact(kind: str, words: Words) -> Planted:
    """One fact of a kind of FLOOR or PROSE."""
    made: Mapping[str, Callable[[Words], Planted]] = {
        "edit": _edit, "command": _command, "error": _error, "output": _output,
    }  # fmt: skip
    if kind in made:
        return made[kind](words)
    forms = {"constraint": _CONSTRAINTS, "decision": _DECISIONS, "agent decision": _AGENT_DECISIONS, "reply": _REPLIES}
    if kind == "decision" and words.dice.random() < 0.4:
        kind = "agent decision"
    return _stated(kind, words.of(*forms[kind]), words)


def _stated(kind: str, form: str, words: Words) -> Planted:
    thing, (what, value) = words.thing(), words.value()
    person, library = words.of(*_PEOPLE), words.of(*_LIBRARIES)
    said = form.format(thing=thing, what=what, v=value, person=person, library=library)
    if words.dice.random() < 0.7 and not said.startswith(value):
        said = said[0].upper() + said[1:]
    return Planted(kind, said, (value,), _ASKED.format(what=what, thing=thing), value)


def _output(words: Words) -> Planted:
    thing, (what, value) = words.thing(), words.value()
    thing_, what_ = thing.replace(" ", "_").lower(), what.replace(" ", "_")
    said = words.of(*_OUTPUTS).format(
        thing=thing, what=what, v=value, thing_=thing_, what_=what_, THING=thing_.upper(), WHAT=what_.upper()
    )
    return Planted("output", said, (value,), _ASKED.format(what=what, thing=thing), value)


def _edit(words: Words) -> Planted:
    """`text` is the old line and the new one."""
    path, name = words.path(), words.name()
    old, new = words.number(10, 999), words.number(1000, 99999)
    line = words.of(
        "{name} = {n}", "    {name}: {n},", "const {name} = {n};", "  return {name}({n})", 'set_{name}("{n}")'
    )
    return Planted("edit", f"{line.format(name=name, n=old)}\0{line.format(name=name, n=new)}\0{path}", (path, new),
                   f"What is {name} set to in {path}?", new)  # fmt: skip


def _command(words: Words) -> Planted:
    """`text` is the command and how it ended."""
    command = words.new(lambda: words.of(*_COMMANDS).format(
        name=words.name(), verb=words.of(*_VERBS), other=words.name(), n=words.number(2, 900)))  # fmt: skip
    code = words.of("0", "0", "0", "1", "2", "3", "17", "64")
    ended = () if code == "0" else (f"exit {code}",)  # a log says nothing of what went well
    return Planted(
        "command", f"{command}\0{code}", (command, *ended), f"How did `{command}` end?", f"exit {code}"
    )  # fmt: skip


def _error(words: Words) -> Planted:
    """`text` is the command and what it printed; what must come back is the last error of that test."""
    command, printed = words.of(*_FAILURES)
    name, path = words.name(), words.new(lambda: f"tests/test_{words.name()}.py")
    said = words.of(*_SAID).format(name=words.name(), a=words.number(3, 99999), b=words.number(100, 99999))
    filled = {
        "name": name,
        "Name": name.title(),
        "path": path,
        "error": words.of(*_ERRORS),
        "said": said,
        "n": words.number(2, 60),
    }
    test = filled["path"] if "{path}" in command else name
    return Planted("error", f"{command.format(**filled)}\0{printed.format(**filled)}", (said,),
                   f"With what did the test of {test} fail?", said)  # fmt: skip
