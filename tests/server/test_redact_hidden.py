"""Secrets in disguise: encoded, escaped, broken over lines; a user's own words; and what only looks like any of it."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest
import re2  # type: ignore[import-untyped]
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from memsrv.bench.redact import planted
from memsrv.canaries import FAMILIES, Canary, canaries
from memsrv.records import Event, EventType, Trust
from memsrv.redact import Redactor
from memsrv.redact.own import HINTS
from memsrv.redact.readings import decoded, joined, unescaped
from memsrv.redact.rules import compiled, options

REDACTOR = Redactor(b"k" * 32)
CANARIES = canaries("hidden")
ONE_LINE = [canary for canary in CANARIES if "\n" not in canary.secret]
TOKEN = next(canary for canary in CANARIES if canary.family == "github-pat")

_ANY = st.sampled_from(CANARIES)


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Encoded

DISGUISES: dict[str, Callable[[str], str]] = {
    "base64": coded,
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in a line": lambda text: f"data: {coded('user=x ' + text)} # staging",
    "base64 twice": lambda text: coded(coded(text)),
    "base64 of JSON with base64": lambda text: coded(json.dumps({"data": coded(text)})),
    "base64 in lines of 76": lambda text: base64.encodebytes(("x" * 200 + " " + text).encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "percent": lambda text: "?q=" + "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent where needed": lambda text: "?q=" + quote(text, safe=""),
    "percent twice": lambda text: quote("".join(f"%{byte:02X}" for byte in text.encode())),
    "JSON": json.dumps,
    "JSON in JSON after a line break": lambda text: json.dumps(json.dumps(f"\n{text}\n")),
    "JSON of \\u": lambda text: '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"',
    "C of \\x": lambda text: '"' + "".join(f"\\x{ord(letter):02x}" for letter in text) + '"',
    "HTML of &#": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_secret_of_every_family_is_found_in_every_disguise(family: str, disguise: str) -> None:
    canary = CANARIES[FAMILIES.index(family)]
    hidden = DISGUISES[disguise](canary.text)

    clean, count = REDACTOR.redact(f"before {hidden} after")

    assert count
    assert canary.secret not in clean
    assert DISGUISES[disguise](canary.secret).strip('"') not in clean


def test_all_of_the_base64_goes_and_nothing_beside_it() -> None:
    clean, count = REDACTOR.redact(f'{{"data": "{coded("token: " + TOKEN.secret)}", "name": "shop"}}')

    assert count == 1
    assert clean.startswith('{"data": "[redacted:github-pat:')
    assert clean.endswith(']", "name": "shop"}')


@pytest.mark.parametrize("disguise", ["base64", "percent", "JSON of \\u", "hexadecimal"])
def test_a_secret_has_one_placeholder_in_whatever_disguise(disguise: str) -> None:
    plain, _ = REDACTOR.redact(TOKEN.secret)

    assert plain in REDACTOR.redact(DISGUISES[disguise](TOKEN.secret))[0]


# Broken

FRAMES = {
    "a terminal": ("{}", "\n{}"),
    "Windows": ("{}", "\r\n{}"),
    "indentation": ("{}", "\n        {}"),
    "a shell": ("{}", "\\\n{}"),
    "a mail": ("> {}", "\n> {}"),
    "line numbers": ("    12→{}", "\n    13→{}"),
    "a table of grep": ("7: {}", "\n8: {}"),
    "Python": ('("{}"', '\n    "{}")'),
    "JavaScript": ('"{}"', ' +\n  "{}"'),
    "PHP": ("'{}'", "\n  . '{}'"),
    "one line of code": ('"{}"', ' + "{}"'),
    "JSON": ('{{"a": "{}', '\\n{}"}}'),
}


def fragments(secret: str, text: str, size: int = 10) -> list[str]:
    """Every piece of `secret` that `text` still shows, its line breaks and quotes aside."""
    shown = "".join(letter for letter in text.replace("\\n", "") if letter not in "\r\n\\\"'")
    return [secret[at : at + size] for at in range(len(secret) - size + 1) if secret[at : at + size] in shown]


@pytest.mark.parametrize("frame", FRAMES)
@settings(max_examples=60, deadline=None)
@given(canary=st.sampled_from(ONE_LINE), part=st.floats(0, 1), after=st.sampled_from(["", "\ndone", "\n  return x9"]))
@example(canary=TOKEN, part=0.999, after="\nthen")
def test_a_secret_that_is_broken_anywhere_is_still_caught(frame: str, canary: Canary, part: float, after: str) -> None:
    start = canary.text.index(canary.secret)
    cut = start + 1 + round(part * (len(canary.secret) - 2))
    first, second = FRAMES[frame]
    quoted = '"' in canary.text or "'" in canary.text
    text = canary.text.replace('"', "").replace("'", "") if quoted else canary.text
    cut -= start - text.index(canary.secret)

    clean, count = REDACTOR.redact(first.format(text[:cut]) + second.format(text[cut:]) + after)

    assert count
    assert not fragments(canary.secret, clean)


@pytest.mark.parametrize("width", [8, 20, 33])
@pytest.mark.parametrize("canary", [c for c in ONE_LINE if c.text == c.secret], ids=lambda canary: canary.family)
def test_a_secret_that_is_wrapped_over_many_lines_is_still_caught(canary: Canary, width: int) -> None:
    secret = canary.secret
    lines = "\n    ".join(secret[at : at + width] for at in range(0, len(secret), width))

    clean, count = REDACTOR.redact(f"Use\n    {lines}\nfor the deploy.")

    assert count
    assert not fragments(secret, clean)


def test_a_private_key_in_quoted_lines_is_gone_as_a_whole() -> None:
    pem = next(canary.secret for canary in CANARIES if canary.family == "private-key")
    for text in (
        "\n".join(f"> {line}" for line in pem.split("\n")),
        "\n".join(f"{number:6}→{line}" for number, line in enumerate(pem.split("\n"))),
        " +\n".join(f'"{line}\\n"' for line in pem.split("\n")),
        json.dumps(json.dumps(pem)),
    ):
        clean, _ = REDACTOR.redact(text)

        assert not any(line in clean for line in pem.split("\n")[1:-1])


def test_the_word_on_the_next_line_stays() -> None:
    clean, count = REDACTOR.redact("export SLACK=xoxb-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1\necho done")

    assert count == 1
    assert clean.endswith("]\necho done")


# A user's own words


@pytest.mark.parametrize(
    "text",
    [
        "see Project Falcon",
        "PROJECT FALCON!",
        "project\n> falcon",
        "Proj\n    ect Falcon",
        "project-falcon.example",
        "/srv/project_falcon/x",
        "?name=Project%20Falcon",
        "?name=Project+Falcon",
        '"Project Fal" +\n  "con"',
        "Proj\\u0065ct Falcon",
        "xx " + base64.b64encode(b"the project falcon plan").decode(),
        base64.b64encode(b"PROJECT FALCON").decode(),
    ],
)
def test_a_users_own_words_go_however_they_are_written(text: str) -> None:
    clean, count = Redactor(b"k", ["Project Falcon"]).redact(text)

    assert count == 1
    assert "[redacted:string:" in clean
    assert "alcon" not in clean


def test_a_short_string_is_found_as_a_word_only() -> None:
    clean, count = Redactor(b"k", ["tom"]).redact("Tom and tom_notes, custom tomatoes, tom tom")

    assert count == 4
    assert clean.endswith("custom tomatoes, " + " ".join([clean.split(" ")[0]] * 2))


def test_accents_count_however_they_are_composed() -> None:
    redactor = Redactor(b"k", ["Müller"])

    assert redactor.redact("mu\u0308ller")[1] == redactor.redact("M\\u00fcller")[1] == 1


def test_equal_words_get_equal_placeholders_in_any_case() -> None:
    one, two = Redactor(b"k", ["falcon"]).redact("Falcon FALCON")[0].split(" ")

    assert one == two


def test_a_string_that_occurs_in_placeholders_does_not_nest_them() -> None:
    redactor = Redactor(b"k", ["redacted", "string"])
    once, _ = redactor.redact(f"redacted {TOKEN.secret} string")

    assert redactor.redact(once) == (once, 0)


def test_without_strings_only_the_rules_hold() -> None:
    redactor = Redactor(b"k", ["falcon"]).without_strings

    assert redactor.redact("falcon") == ("falcon", 0)
    assert redactor.redact(TOKEN.secret)[1] == 1


# What holds for any text


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(
        st.one_of(st.text(max_size=20), _ANY.map(lambda c: c.text), _ANY.map(lambda c: coded(c.text))), max_size=5
    ),
    between=st.sampled_from([" ", "\n", "", '"', "\\n", "=", ": "]),
)
def test_redacting_again_changes_nothing(pieces: list[str], between: str) -> None:
    once, _ = REDACTOR.redact(between.join(pieces))

    assert REDACTOR.redact(once) == (once, 0)


@settings(deadline=None)
@given(canary=_ANY, before=st.sampled_from(["", "use ", "(", "\n"]), after=st.sampled_from(["", " now", ")", "\n"]))
def test_equal_secrets_get_equal_placeholders(canary: Canary, before: str, after: str) -> None:
    alone, _ = REDACTOR.redact(canary.text)

    assert alone in REDACTOR.redact(before + canary.text + after)[0]


@settings(deadline=None)
@given(st.text(alphabet="abcdefghij \n\t.,()[]{}:+-*/\\\"'_><|#", max_size=300))
def test_text_without_secrets_never_changes(text: str) -> None:
    assert REDACTOR.redact(text) == (text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "commit 5f62022a8d74a7d29f94b78969b0c36df90e8f1b\nMerge: 3db7e3f0aa 8f4a5d3c1b",
        "id: 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        '"integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5Fv=="',
        '{file = "attrs-23.1.0-py3-none-any.whl", hash = "sha256:1f28b4522cdc2fb4256ac1a020c78acf9cba2c6b461ccd2c1"}',
        "memsrv/cli.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,2103",
        "golang.org/x/sys v0.1.0 h1:oPkhp1MJrh7nUepCBck5+mAzfO9JrbApNNgaTdGDITg=",
        "image: nginx@sha256:2834dc507516af02784808c5f48b7cbe38b8ed5d0f4837f16e78d00deb7e7767",
        "![x](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E)",
        "risk-based sk-learn task-runner-with-a-long-name",
        "def authenticate(user, password):\n    return check(user, password_hash)",
        "the_first_identifier\nthe_second_identifier\nthe_third_one_2",
        base64.b64encode(b"just some ordinary words in base64, nothing else").decode(),
    ],
)
def test_what_only_looks_random_stays(text: str) -> None:
    assert REDACTOR.redact(text) == (text, 0)


def test_only_a_genuine_placeholder_is_left_alone() -> None:
    clean, count = REDACTOR.redact(f"[redacted:{TOKEN.secret}:abcdef] [redacted:nobody:{TOKEN.secret}]")

    assert count == 2
    assert TOKEN.secret not in clean


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Kq2Lm9\n" * 20_000,
        "\\u0041%41" * 100_000,
        "aaaaaaa1\n" * 110_000,
        "SGVsbG8gd29ybGQgaGVsbG8g " * 40_000,
        "curl -H 'key = token secret " * 35_000,
        '"a" + ' * 160_000,
    ],
    ids=["keys", "escapes", "lines", "base64", "keywords", "concatenation"],
)
def test_a_megabyte_made_to_hurt_is_read_in_pieces_that_add_up_to_its_size(text: str) -> None:
    """Linear by structure: RE2 runs every rule, and no other reading of a text is many times as long as the text."""
    data = text.encode()

    for reading in filter(None, (joined(data, lambda _: True), unescaped(data), decoded(data))):
        assert len(reading.data) <= 7 * len(data)
    assert REDACTOR.redact(text[: 1 << 20])[0]


class _Everywhere(Redactor):
    """Joins every line that may be broken, whatever it says."""

    def _tells(self, data: bytes) -> bool:
        return True


@pytest.mark.parametrize("width", [7, 11, 16, 23])
def test_joining_only_lines_that_tell_of_something_finds_all_that_joining_every_line_does(width: int) -> None:
    hidden = [text for seed in range(2) for _, _, text, _ in planted(seed)]
    broken = ["\n  ".join(text[at : at + width] for at in range(0, len(text), width)) for text in hidden]

    assert [Redactor(b"k").redact(text) for text in broken] == [_Everywhere(b"k").redact(text) for text in broken]


@pytest.mark.parametrize("id", HINTS)
@given(data=st.data())
def test_what_a_rule_matches_is_never_without_its_hint(id: str, data: st.DataObject) -> None:
    rule = next(rule for rule in compiled().all if rule.id == id)
    text = data.draw(st.from_regex(re.compile(rule.regex.encode())))
    assume(rule.pattern.search(text))

    assert re2.search(HINTS[id], text, options())


@pytest.mark.parametrize("gap", ["\n", "\\n", '" + "', "\\\n", "\n  12→"])
@pytest.mark.parametrize("field", ["text", "command", "cwd"])
def test_a_secret_that_is_broken_within_one_string_of_an_event_is_found(field: str, gap: str) -> None:
    broken = f"{TOKEN.secret[:20]}{gap}{TOKEN.secret[20:]}"
    event = replace(Event("id", "session", EventType.REPLY, Trust.ASSISTANT, "words", tool="Bash"), **{field: broken})

    clean, count = REDACTOR.redact_event(event)

    assert count == 1
    assert TOKEN.secret[:20] not in str(clean)
