"""Grounding: what is not in the evidence is found; what is, is not."""

import pytest

from memsrv_consolidation.grounding import denied, specifics, ungrounded, unsaid, warns

EVIDENCE = ("The port of the staging server is 4010, see config/staging.toml.", "For installs, use pnpm.")


@pytest.mark.parametrize(
    "answer",
    [
        "The staging server listens on 4010.",
        "It is 4010, as config/staging.toml says.",
        "Sure! Use pnpm. That's how we do installs here.",
        "We agreed on that some time ago: the staging server has port 4010.",
        "Yes, there is one. 4010.",
        "4010 — that is the port of the staging server.",
        "The staging server - 4010 - is meant.",
        "The staging server's port? That's pnpm's twin, 4010: see config/staging.toml -> port.",
    ],
)
def test_words_of_the_evidence_in_another_order_are_grounded(answer: str) -> None:
    assert ungrounded(answer, EVIDENCE) == []


@pytest.mark.parametrize(
    ("answer", "invented"),
    [
        ("It was 4020 before.", "4020"),
        ("It is 401.", "401"),
        ("See config/production.toml.", "config/production.toml"),
        ("Ask Priya about it.", "Priya"),
        ("Priya knows.", "Priya"),
        ("Call `open_port` first.", "open_port"),
        ("Set stagingPort to it.", "stagingPort"),
        ("Use pnpm with --frozen-lockfile.", "--frozen-lockfile"),
        ("It runs behind kafka.", "kafka"),
        ("Set the API_HOST as well.", "API_HOST"),
        ("See https://example.com for more.", "https://example.com"),
        ("Read docs\\port.md.", "docs\\port.md"),
    ],
)
def test_a_name_number_path_identifier_or_tool_of_nobody_is_found(answer: str, invented: str) -> None:
    assert ungrounded(answer, EVIDENCE) == [invented]


def test_everyday_words_are_no_specifics() -> None:
    assert specifics("Just make sure that it runs. Then we are done, and I got it.") == []


@pytest.mark.parametrize("phrase", ["staging server", "the Staging Server", "installing", "pnpm installs"])
def test_words_are_found_in_other_forms(phrase: str) -> None:
    assert unsaid(phrase, EVIDENCE) == []


@pytest.mark.parametrize(("phrase", "missing"), [("admin server", "admin"), ("port 4011", "4011"), ("npm", "npm")])
def test_a_word_that_nobody_said_is_missing(phrase: str, missing: str) -> None:
    assert unsaid(phrase, EVIDENCE) == [missing]


@pytest.mark.parametrize(
    ("value", "quote", "verdict"),
    [
        ("print", "Never use print in library code.", True),
        ("print", "Use print in scripts.", False),
        ("npm", "Don't use npm, use pnpm.", True),
        ("pnpm", "Don't use npm, use pnpm.", False),
        ("hmac.new()", "Use hmac.digest() instead of hmac.new().", True),
        ("hmac.digest()", "Use hmac.digest() instead of hmac.new().", False),
        ("4010", "The port is not 4010.", True),
        ("tabs", "nothing of the kind is said", False),
    ],
)
def test_what_a_quote_says_no_to_is_denied(value: str, quote: str, verdict: bool) -> None:
    assert denied(value, [quote]) is verdict


def test_a_warning_is_heard() -> None:
    assert warns(["please avoid print"])
    assert not warns(["please use print"])
