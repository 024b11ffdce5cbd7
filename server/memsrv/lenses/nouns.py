"""The nouns of a project's attributes (port, URL, version, branch, …) and which values fit them."""

import re

URL = (
    r"(?:https?|wss?|postgres(?:ql)?|mysql|redis|amqps?|mongodb(?:\+srv)?|grpc|ssh|s3)://[^\s,;`'\")\]]*[^\s,;`'"
    r"\")\].!?]"
)

PORT = r"\d{2,5}"

VERSION = r"v?\d+(?:\.\d+)*(?:\.x)?(?:[-+][\w.]+)?"

PATH = r"(?:~?\.{0,2}/)?(?:[\w@.*-]+/)+[\w@.*-]*|[\w-]+\.(?:toml|ya?ml|json|ini|cfg|env|md|lock|sql|sh|py|ts|js|go|rs)"

ENV = r"[A-Z][A-Z0-9]*_[A-Z0-9_]+"

ATTRIBUTES = (
    r"(?:(?:api|base|staging|production|prod|dev|test|admin|public|internal|health(?:\s?check)?|webhook"
    r"|callback|docs|repo(?:sitory)?)\s+){0,2}(?:url|endpoint|domain|host(?:name)?)"
    r"|(?:api|http|grpc|debug|metrics|admin|dev|default)?\s*port(?:\s+number)?"
    r"|(?:(?:minimum|min|supported|required|target|current|python|node|go|java|ruby|rust|api|schema)\s+){0,3}version"
    r"|(?:default|main|base|release|target|integration|deploy)\s+branch|branch\s+prefix"
    r"|(?:test|tests|build|lint|linter|deploy|deployment|format|type-?check|start|run|install|migration"
    r"|migrate|seed|release|dev)\s+(?:command|script|task|target)"
    r"|package\s+manager|test\s+(?:runner|framework)|(?:primary\s+|main\s+|production\s+|staging\s+|test\s+)"
    r"?database(?:\s+name)?|db(?:\s+name)?|orm|message\s+(?:queue|broker)|queue|cache|framework|language"
    r"|(?:request\s+|connection\s+|read\s+|default\s+|session\s+|lock\s+|job\s+|test\s+)?timeout"
    r"|(?:max(?:imum)?\s+)?(?:retries|retry\s+(?:count|limit)|batch\s+size|page\s+size|line\s+length|pool\s+"
    r"size|upload\s+size|file\s+size)|rate\s+limit|ttl|interval"
    r"|(?:aws\s+|gcp\s+|cloud\s+|default\s+)?(?:region|bucket|namespace|cluster|zone)|(?:project|account"
    r"|tenant|client|app|bundle|team|workspace)\s+(?:id|name)"
    r"|env(?:ironment)?\s+(?:var(?:iable)?|file|name)|config(?:uration)?\s+file|entry\s?point|table(?:\s+nam"
    r"e)?|topic|schema|locale|time\s?zone|license|encoding|coverage\s+threshold"
    r"|(?:[\w-]+\s+)?prefix|linter|formatter|bundler|code\s+style|style\s+guide|type\s?checker|test\s+framework|ci(?:\s+system)?"
    r"|(?:log|config|data|output|build|source|test|migrations?|docs?|assets?)\s+(?:dir(?:ectory)?|folder"
    r"|path|file)|code\s?name|on-?call|owner|maintainer|deadline|release\s+date"
)


_STATES = (
    "stale slow full down up red green huge big small fast old new outdated "
    "flaky dead gone stuck weird cold warm corrupt invalid unknown unset running stopped disabled "
    "enabled ready done online offline healthy unhealthy null none true false locked behind gone "
    "bad good "
).split()


def fits(relation: str, value: str) -> bool:
    """Whether the value is of the sort its noun asks for: the port a number, the URL an address."""
    if not value or value.lower().split()[0] in (
        "not",
        "wrong",
        "broken",
        "missing",
        "the",
        "a",
        "an",
        "still",
        "too",
        "being",
        "also",
        "what",
        "set",
        "hardcoded",
        "in",
        "correct",
        "fine",
        "required",
        "optional",
        "unclear",
        "different",
        "unused",
        "failing",
        "used",
        "taken",
        "empty",
        "available",
        "already",
        "free",
        *_STATES,
        "tomorrow",
        "today",
        "soon",
        "near",
        "passed",
    ):
        return False
    if relation.endswith("port") or relation == "port number":
        return re.fullmatch(PORT, value) is not None
    if re.search(r"url|endpoint|domain|host", relation):
        return re.search(r"[./:]", value) is not None and len(value.split()) == 1
    if "version" in relation:
        return re.search(r"\d", value) is not None and len(value.split()) <= 3
    if re.search(r"command|script|task|target", relation):
        return len(value.split()) <= 8
    if relation.startswith("ci"):
        return re.match(r"[A-Z]", value) is not None
    if "branch" in relation:
        return re.fullmatch(r"[\w./<>*-]+", value) is not None
    if re.search(r"dir|folder|path|file|entry", relation):
        return re.search(r"[/.]", value) is not None and len(value.split()) == 1
    if re.search(r"timeout|retr|size|length|limit|ttl|interval|threshold", relation):
        return re.search(r"\d", value) is not None and len(value.split()) <= 5
    return len(value.split()) <= 5
