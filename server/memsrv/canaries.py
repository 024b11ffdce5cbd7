"""Fake secrets that look real: what tests, benches and every night plant to see whether the gates hold.

Each has the format of its family, so that a rule must catch it, and carries a mark (`Canary`, `c0ffee`) where a real
one has chance: none opens anything. The same seed gives the same ones. Knows nothing of redaction.
"""

import base64
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

_LOWER = string.ascii_lowercase + string.digits
_ALNUM = string.ascii_letters + string.digits
_WEB = _ALNUM + "_-"
_HEX = "0123456789abcdef"
_BASE32 = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True)
class Canary:
    """`text` is how it is met, with the words around it by which it is known; `secret` must be left nowhere."""

    family: str
    text: str
    secret: str


Make = Callable[[random.Random], str]


def _some(alphabet: str, count: int, mark: str = "Canary") -> Make:
    """`count` letters that begin with `mark`; the last are a digit and a letter, as in nearly all that are random."""

    def make(dice: random.Random) -> str:
        digits = [letter for letter in alphabet if letter.isdigit()] or alphabet
        middle = "".join(dice.choices(alphabet, k=count - len(mark) - 2))
        return mark + middle + dice.choice(digits) + dice.choice([letter for letter in alphabet if letter.isalpha()])

    return make


def _token(prefix: str, *parts: str | Make) -> Make:
    return lambda dice: prefix + "".join(part if isinstance(part, str) else part(dice) for part in parts)


def _pem(dice: random.Random) -> str:
    lines = [
        "MIIECanary" + "".join(dice.choices(_ALNUM, k=54)),
        *("".join(dice.choices(_ALNUM, k=64)) for _ in "12345"),
    ]
    return "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])


def _jwt(dice: random.Random) -> str:
    body = base64.urlsafe_b64encode(b'{"sub":"canary","iat":%d}' % dice.randrange(10**9, 2 * 10**9)).decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{body.rstrip('=')}.{_some(_WEB, 43)(dice)}"


#: (family, how it is met, its secret). `{}` is the secret; families are named as the rule that shall catch it, or near.
_FAMILIES: tuple[tuple[str, str, Make], ...] = (
    ("anthropic-api-key", "{}", _token("sk-ant-api03-", _some(_WEB, 93), "AA")),
    ("openai-api-key", "{}", _token("sk-", _some(_ALNUM, 20), "T3BlbkFJ", _some(_ALNUM, 20))),
    ("aws-access-token", "{}", _token("AKIA", _some(_BASE32, 16, "CANARY"))),
    ("aws-secret-access-key", 'aws_secret_access_key = "{}"', _some(_ALNUM + "/+", 40)),
    ("github-pat", "{}", _token("ghp_", _some(_ALNUM, 36))),
    ("github-fine-grained-pat", "{}", _token("github_pat_", _some(_ALNUM, 82))),
    ("gitlab-pat", "{}", _token("glpat-", _some(_ALNUM, 20))),
    ("slack-bot-token", "{}", _token("xoxb-263594206564-2343594206574-", _some(_ALNUM, 24))),
    ("slack-webhook-url", "{}", _token("https://hooks.slack.com/services/T0CANARY1/B0CANARY2/", _some(_ALNUM, 24))),
    ("stripe-access-token", "{}", _token("sk_live_", _some(_ALNUM, 24))),
    ("npm-access-token", "{}", _token("npm_", _some(_LOWER, 36, "canary"))),
    ("pypi-upload-token", "{}", _token("pypi-AgEIcHlwaS5vcmc", _some(_WEB, 90))),
    ("gcp-api-key", "{}", _token("AIza", _some(_WEB, 35))),
    ("sendgrid-api-token", "{}", _token("SG.", _some(_ALNUM, 22), ".", _some(_ALNUM, 43))),
    ("huggingface-access-token", "{}", _token("hf_", _some(string.ascii_letters, 34))),
    ("digitalocean-pat", "{}", _token("dop_v1_", _some(_HEX, 64, "c0ffee"))),
    ("shopify-access-token", "{}", _token("shpat_", _some(_HEX, 32, "c0ffee"))),
    ("telegram-bot-api-token", "telegram_token = '{}'", _token("7100000001:AA", _some(_WEB, 33))),
    ("jwt", "{}", _jwt),
    ("private-key", "{}", _pem),
    ("connection-string-password", "postgres://shop:{}@db.internal:5432/shop", _some(_ALNUM, 18)),
    ("bearer-token", "Authorization: Bearer {}", _some(_ALNUM, 32)),
    ("basic-authorization", "Authorization: Basic {}", lambda dice: base64.b64encode(
        b"canary:" + _some(_ALNUM, 17)(dice).encode()).decode()),
    ("environment-secret", "export DB_PASSWORD={}", _some(_ALNUM, 20)),
    ("generic-api-key", 'api_key = "{}"', _some(_ALNUM, 24)),
)  # fmt: skip

#: The session in which a night tells its canaries, and the words that reflection counts them by.
SESSION = "canary"
#: How many a night plants.
NIGHTLY = 5

FAMILIES = tuple(family for family, _, _ in _FAMILIES)


def canaries(seed: str | int, count: int = len(FAMILIES)) -> tuple[Canary, ...]:
    """`count` canaries, of all families in turn."""
    dice = random.Random(f"canaries {seed}")
    found = []
    for number in range(count):
        family, met, make = _FAMILIES[number % len(_FAMILIES)]
        secret = make(dice)
        found.append(Canary(family, met.format(secret), secret))
    return tuple(found)


def nightly(run: str) -> tuple[Canary, ...]:
    """The canaries of one run: of families that stand alone in a sentence, others each night."""
    alone = [canary for canary in canaries(run) if canary.text == canary.secret and len(canary.secret.split()) == 1]
    return tuple(random.Random(f"nightly {run}").sample(alone, NIGHTLY))
