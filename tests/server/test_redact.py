"""Secrets never get past the redactor, equal ones stay linkable, and ordinary text stays as it is."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsrv.records import Event, EventType, Trust
from memsrv.redact import Redactor, entropy, key_at
from memsrv.redact.rules import compiled

REDACTOR = Redactor(b"k" * 32)

# Made up, put together here so that no scanner takes this file for a leak.
SECRETS = {
    "aws-access-token": "AKIA" + "QYLPMN5HFIQR7XYA",
    "github-pat": "ghp_" + "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R",
    "gitlab-pat": "glpat-" + "x7Kq2Lm9Zp4Rt6Yw1Bv3",
    "slack-bot-token": "xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1",
    "stripe-access-token": "sk_live_" + "51Hx8K2eZvKYlo2CPz9QwErTy",
    "anthropic-api-key": "sk-ant-api03-" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9" * 3 + "aB3dE5gH7jK9" + "AA",
    "openai-api-key": "sk-" + "a1B2c3D4e5F6g7H8i9J0" + "T3BlbkFJ" + "k1L2m3N4o5P6q7R8s9T0",
    "npm-access-token": "npm_" + "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8",
    "gcp-api-key": "AIza" + "SyD3kQ9mN7xL2pV5rT8wY1zB4cF6hJ0gKsM",
    "sendgrid-api-token": "SG." + "aB3dE5gH7jK9mN1pQ3sT5v" + "." + "W7yZ9aB3dE5gH7jK9mN1pQ3sT5vW7yZ9aB3dE5gH7jK",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\n"
    + "MIIEowIBAAKCAQEAx7Kq2Lm9Zp4Rt6Yw1Bv3\n" * 4
    + "-----END RSA PRIVATE KEY-----",
    "connection-string-password": "postgres://shop:" + "hunter2hunter" + "@db.internal:5432/shop",
    "bearer-token": "Authorization: Bearer " + "f3K9mN1pQ3sT5vW7yZ9aB3dE",
    "environment-secret": "export DB_PASSWORD=" + "c0rrect-h0rse",
    "generic-api-key": 'api_key = "' + "zX8kQ2mN9pL4vR7tY1wB" + '"',
    "private": "<private>my cat is called Tom</private>",
}


@pytest.mark.parametrize("family", SECRETS)
@pytest.mark.parametrize(
    "frame",
    ["{}", "before {} after", "é{{\n  {}\n}}", '{{"x": "{}"}}', "token: {};", "use {0}, then ({0}).", "<b>{}</b>"],
)
def test_a_secret_of_every_family_is_replaced(family: str, frame: str) -> None:
    secret = SECRETS[family]

    clean, count = REDACTOR.redact(frame.format(secret))

    assert count >= 1
    assert "[redacted:" in clean
    for part in [line for line in secret.split("\n") if "KEY" not in line] if family == "private-key" else [secret]:
        assert part not in clean


def test_the_placeholder_names_the_kind_of_secret() -> None:
    clean, count = REDACTOR.redact(f"key {SECRETS['aws-access-token']} here")

    assert count == 1
    assert clean.startswith("key [redacted:aws-access-token:")
    assert clean.endswith("] here")


def test_equal_secrets_get_equal_placeholders_and_another_key_other_ones() -> None:
    secret = SECRETS["github-pat"]
    one, two = REDACTOR.redact(f"{secret} and {secret}")[0].split(" and ")

    assert one == two
    assert Redactor(b"other").redact(secret)[0] != one


def test_a_private_key_that_was_cut_off_is_gone_too() -> None:
    cut = (
        "-----BEGIN OPENSSH PRIVATE KEY-----\\n"
        + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU\\nAAAAEbm9uZQAAAAAAAAABAAAAMwAAAtzc2"
    )

    clean, count = REDACTOR.redact(f'{{"content": "{cut}')

    assert count == 1
    assert "b3Blbn" not in clean
    assert "AAAtzc2" not in clean


def test_a_password_goes_and_the_rest_of_a_connection_string_stays() -> None:
    clean, _ = REDACTOR.redact(SECRETS["connection-string-password"])

    assert clean.startswith("postgres://shop:[redacted:connection-string-password:")
    assert clean.endswith("]@db.internal:5432/shop")


@pytest.mark.parametrize(
    "text",
    [
        "see http://localhost:3000/docs and mail a@b.org",
        "token = get_token(request)",
        "password = os.environ['DB_PASSWORD']",
        "export API_KEY=$OTHER_KEY",
        "postgres://user:$PASSWORD@localhost/db",
        "git commit -m 'auth: rename access token helper'",
        "uuid 1b4e28ba-2fa1-11d2-883f-0016d3cca427 sha 5f62022a8d74a7d29f94b78969b0c36df90e",
        "AKIAIOSFODNN7EXAMPLE",
        "key: value",
        "naïve 日本語 🎉",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert REDACTOR.redact(text) == (text, 0)


def test_redacting_twice_changes_nothing_more() -> None:
    text = "\n".join(SECRETS.values())
    once, _ = REDACTOR.redact(text)

    assert REDACTOR.redact(once) == (once, 0)


def test_every_string_of_an_event_is_redacted() -> None:
    secret = SECRETS["github-pat"]
    event = Event(
        "e",
        "s",
        EventType.TOOL_CALL,
        Trust.COMMAND,
        text=secret,
        command=f"curl -u {secret}",
        paths=(f"/tmp/{secret}",),
        edits=((secret, secret, secret),),
        error=secret,
        cwd=f"/{secret}",
        branch=secret,
    )

    clean, count = REDACTOR.redact_event(event)

    assert secret not in repr(clean)
    assert count == 9


@given(text=st.text())
def test_any_text_is_survived_and_settles(text: str) -> None:
    once, _ = REDACTOR.redact(text)

    assert REDACTOR.redact(once) == (once, 0)


def test_every_rule_runs_on_the_engine_that_cannot_backtrack() -> None:
    """RE2 refuses what it cannot run in linear time, so that no log can stall the capture path."""
    for rule in compiled().all:
        assert rule.pattern.groups >= 0
        assert type(rule.pattern).__module__.startswith("re2")
    assert len(compiled().all) > 200


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "redaction.key"

    key = key_at(path)

    assert key_at(path) == key
    assert len(key) == 32
    assert [one.name for one in path.parent.iterdir()] == ["redaction.key"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_entropy_is_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


def test_the_vendored_rules_keep_their_licence() -> None:
    folder = Path(__file__).resolve().parents[2] / "server" / "memsrv" / "gitleaks"

    assert "MIT License" in (folder / "LICENSE").read_text("utf-8")
    assert "gitleaks" in (folder / "NOTICE").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a <private>b</private> c <private>d</private> e", "a <private>#</private> c <private>#</private> e"),
        ("a <private>b\nc", "a <private>#"),
        ("a <private>b <private>c</private> d</private> e", "a <private>#</private> e"),
        ("a <PRIVATE >b</private> c", "a <PRIVATE >#</private> c"),
        ("a </private> b <private></private> c", "a </private> b <private></private> c"),
    ],
)
def test_what_is_marked_private_goes_to_its_own_end_or_to_the_end_of_the_text(text: str, left: str) -> None:
    clean, count = REDACTOR.redact(text)

    assert re.sub(r"\[redacted:private:\w{6}\]", "#", clean) == left
    assert count == left.count("#")
    assert REDACTOR.redact(clean) == (clean, 0)
