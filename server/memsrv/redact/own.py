"""Our own rules: what gitleaks leaves to other tools, or finds only where the file's name says so. Data, as its own.

Each asks for a key, a flag or a form that names a secret; what merely looks random is gitleaks' last rule's business.
Where a person may choose the words (a password), an allow-list tells a value from a variable, a hole or an example.
"""

from typing import Any

#: A value that stands for another: `$PASS`, `${PASS:-x}`, `$(cat pw)`, `{password}`, `<password>`, `%(pw)s`, `****`.
_HOLE = r"^\\*(?:\$\w+$|\$?\{.*\}?$|\$\(|<|%\(|%s$|\*+$|\.+$|x+$|X+$|\[)"
#: Nobody's password: a name or an example of one, a path, an address.
_NAMED = (
    r"(?i)passw|passphrase|pwd|secret|token|example|change.?me|placeholder|redacted|your|self\.|args\.|config|settings"
    r"|getenv|environ|input|^[~/.]|^\w+://"
)
#: Letters alone, or digits alone: a word, a name, a number.
_PLAIN = r"^(?:[A-Za-z_.:/-]*|[0-9_.:/-]*)$"

#: The last part of a name that says that its value is a password.
_PASSWORD = r"(?:passw(?:or)?d|passphrase|passwd|pwd|userpw|_pass|requirepass)"

OWN: tuple[dict[str, Any], ...] = (
    {
        # With an `@`, a `$` or a brace in it too, though a URL should have them percent-encoded.
        "id": "connection-string-password",
        "regex": r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"`<>$*]{0,100}:([^\s/'\"`]{3,200})@[\w.\[$-]",
        "keywords": ["://"],
        "allowlists": [{"regexes": [_HOLE]}, {"regexTarget": "match", "regexes": [r"^github://"]}],
    },
    {
        "id": "url-credentials",  # a token alone, as git takes it
        "regex": r"(?i)\bhttps?://([a-z0-9_.%-]{20,255})(?::x-oauth-basic)?@[\w\[-]",
        "keywords": ["://"],
        "entropy": 3.3,
        "allowlists": [{"regexes": [_PLAIN]}],
    },
    {
        "id": "url-signature",
        "regex": r"(?i)[?&;](?:amp;)?(?:sig|x-(?:amz|goog)-signature|x-amz-security-token)=([a-z0-9%+/=_-]{32,})",
        "keywords": ["sig=", "-signature=", "-security-token="],
        "entropy": 3.0,
    },
    {
        "id": "bearer-token",
        "regex": r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})",
        "keywords": ["bearer"],
        "entropy": 3.0,
    },
    {
        "id": "basic-authorization",
        "regex": r"(?i)\bauthorization['\"]?\s*[:=]\s*['\"]?basic\s+([A-Za-z0-9+/=]{8,})",
        "keywords": ["authorization"],
    },
    {
        "id": "cookie",
        "regex": r"(?i)\b(?:set-)?cookie['\"]?\s*:\s*['\"]?(?:[\w.-]{1,64}=[^\s;'\"]{0,15};\s*)*[\w.-]{1,64}="
        r"([^\s;'\"]{16,}(?:;\s*[\w.-]{1,64}=[^\s;'\"]+)*)",
        "keywords": ["cookie"],
        "entropy": 3.5,
        "allowlists": [{"regexes": [_PLAIN, _HOLE]}],
    },
    {
        # A key that was cut off, so that gitleaks' rule waits in vain for its end. No alternative that looks for the
        # end as well: each of many beginnings would look through all of the text.
        "id": "private-key",
        "regex": r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\\nr]*[A-Za-z0-9+/=]{16,})+(?:[\s\\nr]*[A-Za-z0-9+/=]{1,76})?",
        "keywords": ["private key"],
    },
    {
        # Where it is a part of a file's name or of an id, whose other parts are beside it: gitleaks waits for a blank.
        "id": "aws-access-token",
        "regex": r"[_-]((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?:[^A-Za-z0-9]|$)",
        "keywords": ["a3t", "akia", "asia", "abia", "acca"],
        "entropy": 3.0,
    },
    {
        "id": "npm-access-token",  # the same
        "regex": r"(?i)(?:^|[^a-z0-9])(npm_[a-z0-9]{36})(?:[^a-z0-9_]|$)",
        "keywords": ["npm_"],
        "entropy": 2.0,
    },
    {
        "id": "environment-secret",
        "regex": r"\b[A-Z][A-Z0-9_]*"
        r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)(?:_[A-Z0-9]+)?"
        r"=(?:\"([^\s\"`][^\"`\n]{5,200})\"|'([^\s'`][^'`\n]{5,200})'|[\"']?([^\s\"'`$<>{}()\[\],;&|\\*]{6,}))",
        "keywords": ["passw", "passphrase", "secret", "token", "key=", "key_", "credential"],
        "entropy": 2.0,
        "allowlists": [{"regexes": [_HOLE]}],
    },
    {
        "id": "aws-secret-access-key",
        "regex": r"(?i)secret_?access_?key['\"\s:=]{1,40}([A-Za-z0-9/+=]{40})\b",
        "keywords": ["secret_access_key", "secretaccesskey", "secret_accesskey"],
        "entropy": 3.0,
    },
    {
        "id": "password",  # in quotes: JSON, YAML, keyword arguments
        "regex": rf"(?i)\b[\w.-]{{0,40}}{_PASSWORD}[\\ ]*[\"']?\s*(?::=?|=>?)\s*[\\ ]*[\"']"
        r"([^\s\"'`\\]{8,128})[\\ ]*[\"']",
        "keywords": ["passw", "passphrase", "pwd", "userpw", "_pass", "requirepass"],
        "entropy": 2.9,
        "allowlists": [{"regexes": [_HOLE, _NAMED, _PLAIN]}],
    },
    {
        "id": "password",  # bare: YAML, INI, ADO.NET, JDBC
        "regex": rf"(?i)(?:^|[\s;?&,'\"])(?:[\w.-]{{0,40}}{_PASSWORD}|pass)[ \t]?[:=][ \t]?"
        r"([^\s\"'`;&,()\[\]{}]{8,64})(?:[\s;&,'\"]|\\[nrt]|$)",
        "keywords": ["passw", "passphrase", "pwd", "userpw", "pass", "requirepass"],
        "entropy": 2.9,
        "allowlists": [{"regexes": [_HOLE, _NAMED, _PLAIN]}],
    },
    {
        "id": "password",  # in prose: the password of staging is …
        "regex": r"(?i)\b(?:password|passphrase|passcode)(?: (?:of|for|to|on|at|in) [^.,;:\n]{1,60})? "
        r"(?:is|was|=)(?: now)?:? [\"'`]?([^\s\"'`;,()\[\]{}]{8,64}[^\s\"'`;,()\[\]{}.])",
        "keywords": ["passw", "passphrase", "passcode"],
        "entropy": 2.9,
        "allowlists": [{"regexes": [_HOLE, _NAMED, _PLAIN, r"(?i)hash|sha\d|md5|crypt|argon|base64|char"]}],
    },
    {
        "id": "secret-key",  # with marks that gitleaks' rule of last resort does not read on over
        "regex": r"(?i)\b(?:[\w.-]{0,40}_)?secret_?key['\"]?\s*(?::=?|=)\s*['\"]([^\s'\"`]{20,200})['\"]",
        "keywords": ["secret_key", "secretkey"],
        "entropy": 3.5,
        "allowlists": [{"regexes": [_HOLE]}],
    },
    {
        "id": "netrc-password",
        "regex": r"\bmachine\s+\S{1,255}\s+(?:login|user)\s+\S{1,255}\s+(?:account\s+\S+\s+)?password\s+(\S{3,255})",
        "keywords": ["password"],
        "allowlists": [{"regexes": [_HOLE]}],
    },
    {
        "id": "command-line-password",
        "regex": r"\s--?(?:[a-z]+-){0,3}(?:password|passwd|passphrase|token|secret|api-?key)[= ]['\"]?"
        r"([^\s'\"`$<>{}()\[\]|;&*-][^\s'\"`]{7,255})",
        "keywords": ["-passw", "-passphrase", "-token", "-secret", "-apikey", "-api-key"],
        "entropy": 2.7,
        "allowlists": [{"regexes": [_HOLE, _NAMED, _PLAIN]}],
    },
    {
        "id": "command-line-password",  # of programs that have a letter for it
        "regex": r"\b(?:(?:docker|podman|helm|oras|crane|skopeo|az)\b[^\n|;&]{0,100}\slogin\b[^\n|;&]{0,200}\s-p[ =]?"
        r"|sshpass\s+-p\s*|(?:mysql|mariadb)(?:dump|admin|sh)?\s(?:[^\n|;&]{0,200}\s)?-p"
        r"|redis-cli\s(?:[^\n|;&]{0,200}\s)?-a\s+"
        r"|openssl\s[^\n|;&]{0,200}\s-pass(?:in|out)?\s+pass:)['\"]?([^\s'\"`$<>{}()|;&-][^\s'\"`]{3,255})",
        "keywords": ["login", "sshpass", "mysql", "mariadb", "redis-cli", "pass:"],
        "allowlists": [{"regexes": [_HOLE, _NAMED]}],
    },
    {
        "id": "password-hash",  # as in /etc/shadow: whoever has it can go on guessing in peace
        "regex": r"(\$(?:1|5|6|7|y|gy|apr1)\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,64}\$(?:[./A-Za-z0-9]{1,64}\$)?"
        r"[./A-Za-z0-9]{22,}|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$v=\d+\$m=[\w=,]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{20,})",
        "keywords": ["$1$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$2a$", "$2b$", "$2x$", "$2y$", "$argon2"],
    },
    {
        "id": "otp-secret",
        "regex": r"(?i)\botpauth://[^\s'\"]{0,200}?[?&]secret=([A-Z2-7]{16,128})",
        "keywords": ["otpauth://"],
    },
    {
        "id": "anthropic-token",  # also Claude Code's own, which gitleaks does not know
        "regex": r"\b(sk-ant-[a-z]{2,10}[0-9]{2}-[A-Za-z0-9_-]{20,})",
        "keywords": ["sk-ant-"],
        "entropy": 3.0,
    },
    {
        "id": "openai-style-key",
        "regex": r"\b(sk-(?:(?:proj|svcacct|admin|or-v1|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,}))\b",
        "keywords": ["sk-"],
        "entropy": 3.5,
    },
    {
        "id": "telegram-token",
        "regex": r"\b([0-9]{8,10}:AA[A-Za-z0-9_-]{33})\b",
        "keywords": [":aa"],
        "entropy": 3.5,
    },
    {
        "id": "discord-webhook",
        "regex": r"(?i)\bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]{40,128})",
        "keywords": ["/webhooks/"],
    },
)

#: Some of gitleaks' rules have keywords that stand in any text (`s.`, `ey`, `key`). What else none of their matches is
#: without is asked for instead: less than the rule asks, never more.
HINTS = {
    "vault-service-token": r"\bs\.[A-Za-z0-9]{24}|\bhvs\.",
    "jwt": r"\bey[a-zA-Z0-9]{17,}\.ey",
    "twilio-api-key": r"SK[0-9a-fA-F]{32}",
    "lob-api-key": r"(?i)(?:live|test)_[a-f0-9]{35}",
    "generic-api-key": r"(?i)(?:access|auth|api|credential|creds|key|passw(?:or)?d|secret|token)[ \t\w.-]{0,20}"
    r"[\s'\"]{0,3}(?:=>?|>|:{1,3}=|\|\||:|\?=|,)[\x60'\"\s=]{0,5}[\w.=+/-]{10}",
}
