"""A secret that only what stands beside it gives away: a key, a flag, an address; and what is written the same way."""

import pytest

from memsrv.redact import Redactor

REDACTOR = Redactor(b"k" * 32)

_PW = "Tr0ub4dor&" + "3xyz"
_RANDOM = "9aK2mXq7Zt4RwB8cLfY3" + "hNs6VpD1gJe5uQ0T"
_JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)
_HASH = "$6$rounds=5000$saltsalt$" + "Z3vRtYwBn2sDfGh4x9YkQZ3vRtYwBn2sDfGh4x9YkQ"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("machine github.com\n  login ana\n  password # \n", "hunter2"),
        ("docker login -u ana -p # registry.example", _PW),
        ("docker login --username ana --password # registry.example", _PW),
        ("sshpass -p '#' ssh ana@host", _PW),
        ("mysql -uroot -p# app", _PW),
        ("openssl enc -aes-256-cbc -pass pass:# -in a", _PW),
        ("postgresql://ana:#@db.example.com:5432/app", "p@ss:w0rd"),
        ("postgresql://ana:#@db.example.com:5432/app", "pa$$w0rd{9}"),
        ("mongodb+srv://svc:#@cluster0.example.net/?w=1", "Zx9!kQ<p>"),
        ("Server=tcp:db,1433;User ID=sa;Password=#;Encrypt=True;", "Hunt3r!2Zx9"),
        ("jdbc:mysql://db:3306/app?user=root&password=#", "Hunt3r2Zx9q"),
        ("users:\n- user:\n    password: #\n", _PW),
        ("[smtp]\npass = #\n", _PW),
        ('{"password": "#", "user": "ana"}', _PW),
        ('{\\"password\\": \\"#\\"}', _PW),
        ("connect(host='db', password='#')", _PW),
        ("The password of staging is #. Mind it.", _PW),
        ("the db password is `#`, use it", _PW),
        ("SECRET_KEY = '#'", "django-insecure-9a*k2m&xq7$zt4rw(b8clf^y3"),
        ("export DB_PASSWORD='#'", "two words 9!"),
        ("https://#@github.com/acme/app.git", _RANDOM),
        ("https://acme.blob.example/c?sv=2022&sp=r&sig=#", _RANDOM + "%3D"),
        ("Cookie: theme=dark; sessionid=#", _RANDOM),
        ("otpauth://totp/Acme:ana?secret=#&issuer=Acme", "JBSWY3DPEHPK3PXPJBSWY3DP"),
        ("root:#:19000:0:99999:7:::", _HASH),
        ("CLAUDE_CODE=sk-ant-oat01-#", _RANDOM),
        ("use sk-proj-# for it", _RANDOM),
        ("bot 123456789:AA#", _RANDOM[:33]),
        ("https://discord.com/api/webhooks/1084567890123456789/#", _RANDOM * 2),
    ],
)
def test_a_secret_is_known_by_what_stands_beside_it(text: str, secret: str) -> None:
    clean, count = REDACTOR.redact(text.replace("#", secret))

    assert count == 1
    assert secret not in clean
    before, after = text.split("#")
    assert clean.startswith(before[:4])
    assert clean.endswith(after)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[32mghp_" + _RANDOM[:12] + "\x1b[0m" + _RANDOM[12:],
        "ghp_" + _RANDOM[:12] + "\u200b" + _RANDOM[12:],
        "".join(letter + "\0" for letter in "ghp_" + _RANDOM),
        "\n".join(f"│ {_JWT[start : start + 40]:40} │" for start in range(0, len(_JWT), 40)),
        "\n".join(f"| {_JWT[start : start + 40]:40} |" for start in range(0, len(_JWT), 40)),
    ],
)
def test_what_nobody_sees_hides_nothing(text: str) -> None:
    clean, count = REDACTOR.redact(text)

    assert count == 1
    assert not any(part in clean for part in (_RANDOM[12:], _RANDOM[:12], _JWT[:40], _JWT[-30:], "h\0N\0s"))


def test_a_password_that_ends_its_line_leaves_the_next_one_alone() -> None:
    clean, _ = REDACTOR.redact("DB_PASSWORD=hunter2hunter9Zx\nPORT_OF_CACHE='6379'\nTHEME=dark\n")

    assert clean.splitlines()[1:] == ["PORT_OF_CACHE='6379'", "THEME=dark"]


@pytest.mark.parametrize(
    "text",
    [
        "password=args.password1",
        "password = hash256(x)",
        'password: "${DB_PASSWORD2}"',
        "PWD=/home/ana/x1/project2a",
        "password: minimum 8 characters, 1 digit",
        "DB_PASSWORD='{{ .Values.db }}'",
        'TOKEN="$(gh auth token)"',
        "postgres://${USER}:${PASS}@${HOST}/db",
        'f"postgres://{user}:{password}@{host}:5432/{db}"',
        "http://localhost:8000/path/@scope/pkg",
        "image: registry.example:5000/app@sha256:9f86d081884c",
        "docker run -p 8080:80 nginx",
        "docker login -u ana --password-stdin",
        "mysql -u root -p app",
        "the password is argon2id-hashed, the passphrase is 20-characters-long",
        "the password is stored in .env, and the password for CI is DB_PASSWORD2",
        "pytest -p no:cacheprovider",
        "--max-tokens 4096 --tokenizer gpt2-xl-1 --token <token>",
        "Set-Cookie: theme=dark; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
        "pass: 41 passed, 2 failed",
        "task-1234567890abcdef1234567890abcdef12",
        "it costs $5$ or $6$, not $1$",
    ],
)
def test_a_variable_a_hole_or_an_option_is_no_secret(text: str) -> None:
    assert REDACTOR.redact(text) == (text, 0)
