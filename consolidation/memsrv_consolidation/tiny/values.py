"""Random values as they occur in a coding project: ports, paths, versions, commands, names.

What matters is that strings are arbitrary (case, punctuation, flags), because copying a string never seen before is the
one skill the tiny base needs. Knows nothing of what a value is of.
"""

import random
import string
from collections.abc import Callable

from memsrv_consolidation.tiny.vocabulary import CODAS, ONSETS, PEOPLE, STYLES, TOOLS, VERBS, VOWELS, WORDS, words


def syllables(rng: random.Random) -> str:
    """A made-up word."""
    word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(rng.choice((1, 2, 2, 2, 3))))
    return word + (rng.choice(CODAS) if rng.random() < 0.5 or len(word) < 4 else "")


def letters(rng: random.Random) -> str:
    """Random letters or letters and digits, as in an identifier nobody chose."""
    alphabet = rng.choice((string.ascii_lowercase, string.ascii_lowercase + string.digits, string.ascii_uppercase))
    return rng.choice(string.ascii_lowercase) + "".join(rng.choices(alphabet, k=rng.randint(2, 6)))


def word(rng: random.Random) -> str:
    roll = rng.random()
    return rng.choice(WORDS) if roll < 0.7 else syllables(rng) if roll < 0.96 else letters(rng)


def cased(parts: list[str], rng: random.Random) -> str:
    """`parts` joined in one of the case styles."""
    style = rng.randrange(6)
    if style == 0:
        return "_".join(parts)
    if style == 1:
        return "-".join(parts)
    if style == 2:
        return parts[0] + "".join(p.capitalize() for p in parts[1:])
    if style == 3:
        return "".join(p.capitalize() for p in parts)
    if style == 4:
        return "_".join(parts).upper()
    return rng.choice(("_", "-", ".")).join(parts)


def identifier(rng: random.Random) -> str:
    first = rng.choice(VERBS) if rng.random() < 0.4 else word(rng)
    return cased([first, *(word(rng) for _ in range(rng.choice((0, 1, 1, 1, 1, 2))))], rng)


def call(rng: random.Random) -> str:
    name = ".".join([identifier(rng) if rng.random() < 0.5 else word(rng) for _ in range(rng.choice((0, 1, 1, 1)))])
    end = rng.choice(("()", "()", "()", "", f"({word(rng)})", f"({word(rng)}={number(rng)})"))
    return (
        (name + "." if name else "") + f"{rng.choice(VERBS)}_{word(rng)}" + end
        if rng.random() < 0.7
        else identifier(rng) + end
    )


def number(rng: random.Random) -> str:
    return str(rng.randint(1, rng.choice((9, 99, 999, 99_999))))


def port(rng: random.Random) -> str:
    return str(rng.choice((rng.randint(1000, 9999), rng.randint(1000, 65535), rng.randint(80, 999))))


def duration(rng: random.Random) -> str:
    unit = rng.choice((" seconds", " minutes", "ms", " ms", "s", " hours", "m", " days", "h"))
    return f"{rng.choice((rng.randint(2, 90), rng.randint(2, 900), rng.randint(1, 90) * 100))}{unit}"


def version(rng: random.Random) -> str:
    tail = "".join(f".{rng.randint(0, 30)}" for _ in range(rng.choice((1, 1, 2, 2))))
    suffix = rng.choice(("", "", "", "", "-alpine", "-rc1", "-slim", f"-{word(rng)}", "-beta.2", "b3"))
    return rng.choice(("", "", "", "v", ">=", "^", "~")) + f"{rng.randint(0, 30)}{tail}{suffix}"


def path(rng: random.Random) -> str:
    start = rng.choice(("", "", "~/", "/", "/var/", "/etc/", "src/", "./", "app/", "config/", "tests/", "../", "docs/"))
    middle = "".join(f"{word(rng)}/" for _ in range(rng.choice((0, 0, 1, 1, 2))))
    extensions = words(
        ".json .toml .yaml .yml .py .ts .tsx .go .rs .db .log .csv .sql .md .sh .env .cfg .ini .lock .txt"
    )
    return start + middle + (word(rng) if rng.random() < 0.6 else identifier(rng)) + rng.choice((*extensions, ""))


def url(rng: random.Random) -> str:
    scheme = rng.choice(words("http https https http postgres redis amqp ws"))
    host = rng.choice(
        (
            f"{word(rng)}.{word(rng)}.{rng.choice(words('com io dev net local internal'))}",
            "localhost",
            word(rng),
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
        )
    )
    return (
        f"{scheme}://{host}" + rng.choice(("", f":{port(rng)}")) + rng.choice(("", "/v1", f"/{word(rng)}", "/0", "/"))
    )


def tool(rng: random.Random) -> str:
    roll = rng.random()
    return (
        rng.choice(TOOLS)
        if roll < 0.5
        else syllables(rng) + rng.choice(("db", "mq", "kit", "io", "js", "py", "-rs", ""))
    )


def person(rng: random.Random) -> str:
    name = rng.choice(PEOPLE) if rng.random() < 0.5 else syllables(rng)
    return rng.choice((name, name, name.capitalize(), "@" + name, f"{name}@{word(rng)}.com", f"the {word(rng)} team"))


def environment(rng: random.Random) -> str:
    return "_".join(word(rng) for _ in range(rng.randint(1, 3))).upper().replace("-", "_")


def name(rng: random.Random) -> str:
    """A name as for tables, buckets, regions, branches."""
    roll = rng.random()
    if roll < 0.2:
        return f"{rng.choice(words('us eu ap sa'))}-{rng.choice(words('east west north central'))}-{rng.randint(1, 4)}"
    if roll < 0.4:
        return f"{rng.choice(words('feature release fix hotfix main dev next'))}/{word(rng)}"
    return identifier(rng)


def command(rng: random.Random) -> str:
    """A shell command of one to seven words, flags included."""
    parts = [rng.choice((tool(rng), rng.choice(TOOLS), rng.choice(TOOLS), rng.choice(TOOLS), path(rng)))]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        parts.append(
            rng.choice(
                (
                    rng.choice(VERBS),
                    word(rng),
                    rng.choice(words("run test build up install exec lint check ci dev")),
                    f"-{rng.choice(string.ascii_letters)}",
                    f"--{rng.choice((word(rng), rng.choice(VERBS)))}",
                    f"--{word(rng)}={rng.choice((number(rng), word(rng)))}",
                    f"--{word(rng)}-{word(rng)}",
                    word(rng),
                    path(rng),
                    f"{word(rng)}:{word(rng)}",
                    tool(rng),
                    f"-{rng.choice(string.ascii_lowercase)} {number(rng)}",
                )
            )
        )
    if rng.random() < 0.12:
        parts.insert(0, f"{environment(rng)}={rng.choice((number(rng), word(rng)))}")
    if rng.random() < 0.1:
        parts += ["&&", rng.choice(TOOLS), rng.choice(VERBS)]
    return " ".join(parts)


def phrase(rng: random.Random) -> str:
    """A short value in plain words."""
    return " ".join(rng.choice((word(rng), rng.choice(WORDS))) for _ in range(rng.randint(1, 4)))


def edit(rng: random.Random) -> str:
    """What was changed to make something work."""
    a, b = rng.choice((call, identifier, word))(rng), rng.choice((call, identifier, path))(rng)
    return rng.choice(
        (
            f"add `{a}` before `{b}`",
            f"add `{a}`",
            f"remove `{a}`",
            f"set {environment(rng)}={rng.choice((number, word))(rng)}",
            f"set {environment(rng)} to {word(rng)}",
            f"delete {b}",
            f"restart {word(rng)}",
            f"install {tool(rng)}",
            f"pin {tool(rng)} to {version(rng)}",
            f"rename {a} to {b}",
            f"run `{command(rng)}` first",
            f"upgrade {tool(rng)}",
            f"wrap {a} in {b}",
            f"raise the {word(rng)} to {number(rng)}",
            f"import {a} from {b}",
            f"start {tool(rng)} first",
            f"replace {a} by {b}",
            f"export {environment(rng)}={number(rng)}",
            f"clear the {word(rng)} cache",
        )
    )


def quoted(text: str, rng: random.Random, chance: float = 0.5) -> str:
    return f"`{text}`" if rng.random() < chance and "`" not in text else text


Maker = Callable[[random.Random], str]


def choice_of_style(rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.35:
        return rng.choice(STYLES)
    if roll < 0.5:
        adjective = rng.choice(("single", "double", "short", "long", "nested", "flat", "plain", "numbered", "past"))
        return f"{adjective} {rng.choice(WORDS)}s"
    return rng.choice((tool, identifier, phrase, call, number, word, name))(rng)


def value_like(value: str, rng: random.Random) -> str:
    """A fresh value of the kind `value` seems to be: numbers for numbers, paths for paths."""
    if value.isdigit():
        return number(rng) if len(value) < 4 else port(rng)
    if "://" in value:
        return url(rng)
    if "/" in value:
        return path(rng)
    if " " in value:
        return command(rng)
    return rng.choice((identifier, tool, name, version, duration))(rng)
