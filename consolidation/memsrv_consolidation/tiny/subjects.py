"""Random subjects of facts: components, topics of preferences, and what failed."""

import random

from memsrv_consolidation.tiny.values import call, command, identifier, path, phrase, quoted, syllables, word
from memsrv_consolidation.tiny.vocabulary import ERRORS, TOOLS, VERBS, WORDS, words


def component(rng: random.Random) -> str:
    """A service, file, project or identifier that has attributes."""
    roll = rng.random()
    if roll < 0.3:
        return f"{rng.choice((word(rng), rng.choice(WORDS)))} {rng.choice(WORDS)}"
    if roll < 0.4:
        return word(rng)
    if roll < 0.6:
        return quoted(identifier(rng), rng)
    if roll < 0.66:
        return rng.choice(("this project", "this repository", "the project", "the repo", "the api", "the backend"))
    if roll < 0.72:
        return quoted(path(rng), rng)
    if roll < 0.82:
        return f"the {word(rng)} {rng.choice(WORDS)}"
    if roll < 0.88:
        return f"{syllables(rng)} {rng.choice(WORDS)} {rng.choice(WORDS)}"
    if roll < 0.94:
        return rng.choice(TOOLS)
    return rng.choice(
        (f"{syllables(rng).capitalize()}", f"{identifier(rng)} {rng.choice(WORDS)}", "-".join((word(rng), word(rng))))
    )


def topic(rng: random.Random) -> str:
    """What a preference is about."""
    plural = rng.choice(WORDS) + "s"
    return rng.choice(
        (
            f"{rng.choice(words('JSON SQL HTTP CSS YAML REST API Python Rust Go TypeScript HTML CSV gRPC'))} {plural}",
            f"{rng.choice(WORDS)} {plural}",
            f"{rng.choice(WORDS)} names",
            f"{rng.choice(VERBS)} functions",
            f"{word(rng)} {plural}",
            rng.choice(
                (
                    "commit messages",
                    "docstrings",
                    "tests",
                    "type hints",
                    "error messages",
                    "imports",
                    "logging",
                    "branches",
                    "strings",
                    "dates",
                    "ids",
                    "money",
                    "config files",
                    "migrations",
                    "comments",
                    "quotes",
                    "indentation",
                    "JSON field names",
                    "API routes",
                    "test names",
                    "log lines",
                    "new modules",
                    "code reviews",
                    "answers",
                )
            ),
            f"{rng.choice(WORDS)} {rng.choice(('style', 'format', 'layout', 'naming', 'files', 'errors', 'calls'))}",
        )
    )


def failure(rng: random.Random) -> str:
    """A failing command or an error."""
    error = rng.choice(ERRORS) if rng.random() < 0.7 else identifier(rng).capitalize() + "Error"
    run = quoted(command(rng), rng, 0.8)
    return rng.choice(
        (
            f"{run} failing with {error}",
            f"{run} failing with {error}",
            f"{run} fails with {error}",
            run,
            run,
            error,
            f"{error} in {quoted(identifier(rng), rng)}",
            f"{error}: {phrase(rng)}",
            f"{error} from {quoted(call(rng), rng)}",
            f"{run} exiting with {rng.randint(1, 255)}",
            f"{error} on {path(rng)}",
            f"{phrase(rng)} failing",
        )
    )
