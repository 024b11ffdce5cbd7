"""Sentences that state a fact of the project: ports, URLs, versions, paths, names. One in, at most one reading out.

Knows the shapes of English statements only; who said them is the lens's question.
"""

import re
from collections.abc import Iterator

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.phrases import clean, core
from memsrv.lenses.subjects import subject_of
from memsrv.lenses.ways import command, decision

_URL = (
    r"(?:https?|wss?|postgres(?:ql)?|mysql|redis|amqps?|mongodb(?:\+srv)?|grpc|ssh|s3)://[^\s,;`'\")\]]*[^\s,;`'"
    r"\")\].!?]"
)

_PORT = r"\d{2,5}"

_VERSION = r"v?\d+(?:\.\d+)*(?:\.x)?(?:[-+][\w.]+)?"

_PATH = r"(?:~?\.{0,2}/)?(?:[\w@.*-]+/)+[\w@.*-]*|[\w-]+\.(?:toml|ya?ml|json|ini|cfg|env|md|lock|sql|sh|py|ts|js|go|rs)"

_ENV = r"[A-Z][A-Z0-9]*_[A-Z0-9_]+"

_ATTRIBUTES = (
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
    r"|(?:log|config|data|output|build|source|test|migrations?|docs?|assets?)\s+(?:dir(?:ectory)?|folder"
    r"|path|file)|code\s?name|on-?call|owner|maintainer|deadline|release\s+date"
)

_IS = (
    r"(?:\s+(?:is|are|was\s+(?:changed|moved|switched)\s+to|(?:has|have)\s+(?:changed|moved|switched|been\s+(?:c"
    r"hanged|moved|set))\s+to|(?:has\s+)?(?:changed|moved|switched)\s+from\s+\S+\s+to|changed\s+to|moved\s+to|switched\s+to|must\s+be|should\s+be|will\s+be|equals?)(?:"
    r"\s+(?:now|currently|always|actually|set\s+to|called|named))*|\s*[:=])\s+"
)

_NOT_TAIL = re.compile(
    r"(?i)\s*(?:,|\()?\s*(?:\(?(?:and\s+)?not|rather than|instead of|no longer|it (?:was|used to be)"
    r"|formerly|previously|was)\s+[^,]+$"
)

_ATTRIBUTE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:the|our)\s+(?P<relation>{_ATTRIBUTES})\s+(?:of|for|on|in)\s+(?P<subject>(?:the\s+|our\s+)?[\w."
        rf"/@-]+(?:\s+[\w./@-]+){{0,4}}?){_IS}(?P<value>.+)$",
        rf"^(?:the|our)\s+(?P<subject>(?:[\w./@-]+(?:'s)?\s+){{0,4}}?)(?P<relation>{_ATTRIBUTES}){_IS}(?P<value>.+)$",
        rf"^(?P<subject>(?:[\w./@-]+(?:'s)?\s+){{0,3}}?)(?P<relation>{_ATTRIBUTES}){_IS}(?P<value>.+)$",
    )
)

_SUBJECT = r"(?P<subject>(?:the\s+|our\s+|my\s+)?[\w./@-]+(?:\s+[\w./@-]+){0,4}?)"

_RUNS_ON = re.compile(
    rf"^{_SUBJECT}\s+(?:now\s+|actually\s+|currently\s+|always\s+)*(?:runs?|listens?|is\s+listening|is\s+runn"
    rf"ing|is\s+served|serves|is\s+available|is\s+exposed|is\s+reachable|is|lives|binds|moved|has\s+moved|was"
    rf"\s+moved|sits|starts|answers)\s+(?:now\s+)?(?:locally\s+)?(?:on|at|to|over|under|behind)\s+(?:tcp\s+)?"
    rf"(?P<value>(?:(?P<isport>port\s+|localhost:|127\.0\.0\.1:|0\.0\.0\.0:|:)(?P<port>{_PORT})\b)|{_URL})",
    re.IGNORECASE,
)

_HOST = re.compile(
    rf"^{_SUBJECT}\s+(?:runs|lives|is)\s+(?:on|at)\s+(?P<value>[a-z][\w-]*(?:\.[\w-]+)+(?::\d+)?|[a-z][\w-]*:\d+)$"
)
_USES = re.compile(
    r"^(?i:our|the)\s+(?P<who>CI|team|backend|frontend|api|app|worker|website|mobile app|CLI)\s+uses\s+"
    r"(?P<value>[A-Z][\w.+#-]*(?:\s[A-Z][\w.+#-]*){0,2})(?:\s+for\s+(?P<task>[\w-]+(?:\s[\w-]+){0,3}))?$"
)
_ITS_PORT = re.compile(
    rf"^{_SUBJECT}(?:'s)?\s+(?:uses|is\s+using|expects|needs|takes|should\s+use|must\s+use|has)\s+port\s+(?P<"
    rf"port>{_PORT})\b",
    re.IGNORECASE,
)

_USE_PORT = re.compile(
    rf"^(?:always\s+|we\s+|you\s+should\s+)?use\s+(?:port\s+(?P<port>{_PORT})\s+(?:for|on)\s+(?P<subject>(?:t"
    rf"he\s+|our\s+)?[\w-]+(?:\s+[\w-]+){{0,2}}?)(?P<owner>)(?:\s*,?\s*(?:not|instead\s+of|rather\s+than)\s+("
    rf"?:port\s+)?\d+)?)$",
    re.IGNORECASE,
)

_CALLED = re.compile(
    r"^(?:the|our)\s+(?P<subject>[\w-]+(?:\s+[\w-]+){0,4}?)\s+(?:is|are|was)\s+(?:now\s+)?(?:called|named"
    r"|renamed\s+to)\s+(?P<value>[\w./@:<>*-]+)$",
    re.IGNORECASE,
)

_LIVES_IN = re.compile(
    rf"^(?:(?:all|the|our)\s+)?(?P<subject>[\w./@-]+(?:\s+[\w./@-]+){{0,3}}?)\s+(?:all\s+|now\s+|always\s+"
    rf"|should\s+|must\s+)*(?:lives?|is\s+located|are\s+located|is\s+kept|are\s+kept|is\s+stored|are\s+stored"
    rf"|is\s+defined|are\s+defined|goes|go|belongs?|resides?|is|are|moved|have\s+moved|has\s+moved|sits?)\s+("
    rf"?:now\s+)?(?:in|under|at|inside|to)\s+(?:the\s+)?[`'\"]?(?P<value>{_PATH})[`'\"]?(?:\s+(?:folder"
    rf"|directory|dir|file))?$",
    re.IGNORECASE,
)

_HAVE_AT = re.compile(
    rf"(?i)\b(?:you|we|i)\s+have\s+(?:a|an|the)\s+(?P<subject>local\s+(?:copy|checkout|clone)(?:\s+of\s+[\w./"
    rf"@-]+)?|[\w-]+\s+(?:copy|checkout|clone))\s+(?:at|in|under)\s+[`'\"]?(?P<value>{_PATH})"
)

_ON_VERSION = re.compile(
    rf"^(?P<who>we(?:'re|\s+are)?|(?:the|this|our)\s+(?:project|repo|codebase)|(?:the\s+|our\s+)?(?:backend"
    rf"|frontend|front-end|back-end|app|api|server|client|service|ci|worker|production|staging|docker\s+image"
    rf"))\s+(?:now\s+|still\s+|only\s+|currently\s+|all\s+)*(?:on|using|use|uses|run|runs|is\s+on|are\s+on|target"
    rf"|targets|require|requires|need|needs|support|supports|is\s+pinned\s+to|are\s+pinned\s+to|pin|upgraded"
    rf"\s+to|moved\s+to|switched\s+to|is\s+running|are\s+running|deploy\s+on|deploys\s+on)\s+(?:on\s+)?(?P<su"
    rf"bject>[A-Z][\w.+#-]*(?:\s+[A-Z][\w.+#-]*)?|python|node(?:\.?js)?|go|ruby|java|rust|php|ubuntu|debian"
    rf"|alpine|postgres(?:ql)?|mysql|redis|react|next(?:\.?js)?|django|flask|terraform)\s+(?:version\s+)?(?P<"
    rf"value>{_VERSION})\b",
    re.IGNORECASE,
)

_ENV_IN = re.compile(
    rf"^(?:the\s+|our\s+)?(?P<subject>[\w-]+(?:\s+[\w-]+){{0,4}}?)\s+(?:is|are|comes|come|lives|is\s+read|is"
    rf"\s+taken|is\s+stored|is\s+set)\s+(?:from|in|via|through|by)\s+(?:the\s+)?(?:env(?:ironment)?(?:\s+var("
    rf"?:iable)?)?\s+)?`?(?P<value>{_ENV})`?(?:\s+env(?:ironment)?(?:\s+var(?:iable)?)?)?$",
    re.IGNORECASE,
)

_QUALIFIED = re.compile(
    r"(?P<which>staging|production|prod|dev|test|qa|admin|api|http|grpc|debug|metrics)\s+(?P<noun>url|base u"
    r"rl|endpoint|host|hostname|port|database|database name|db)$"
)

_VAGUE = re.compile(r"(?:url|endpoint|domain|host|hostname|path|file|name|id|table|topic|schema|queue)$")  # of what?
_NO_SUBJECT = frozenset(
    "it that this there here which what he she they these those one everything something nothing and but "
    "if so then because".split()
)


def stated(sentence: str) -> Iterator[Reading]:
    """What the sentence states about the project, at most one reading."""
    ticked = core(sentence)
    ticked = re.sub(r",\s*(?:and\s+)?(?:not|never|rather than|instead of|no longer)\s[^,]+$", "", ticked)
    plain = ticked.replace("`", "")
    for read in (command, _tool, _attribute, _name, _address, _place, _version, _env, decision):
        found = read(ticked, plain)
        if found is not None:
            if _sound(found):
                yield found
            return


def _sound(reading: Reading) -> bool:
    first = reading.subject.split(" ", 1)[0].lower()
    known = reading.subject == THIS_PROJECT or first not in _NO_SUBJECT
    return bool(reading.value) and known and len(reading.value) <= 120


def _attribute(ticked: str, plain: str) -> Reading | None:
    for pattern in _ATTRIBUTE:
        found = pattern.match(plain)
        if found is None:
            continue
        relation = " ".join(found["relation"].lower().split())
        subject = subject_of(re.sub(r"'s$", "", (found["subject"] or "").strip()))
        value = clean(
            _NOT_TAIL.sub(
                "",
                re.split(
                    r"(?<=\w)[,;]\s|\s+[-–—]\s+|\s+(?:because|since|so|but|and\s+(?:the|it|we))\s", found["value"]
                )[0],
            )
        )
        value = re.sub(r"(?i)^(?:at|on|port|to|now|the)\s+|\s+(?:now|currently|instead|again|today)$", "", value)
        if not _fits(relation, value) or (
            subject == THIS_PROJECT and _QUALIFIED.match(relation) is None and _VAGUE.search(relation)
        ):
            return None
        if relation.endswith(("tests command", "linter command")):
            relation = relation.replace("tests", "test").replace("linter", "lint")
        if subject == THIS_PROJECT and (qualified := _QUALIFIED.match(relation)) is not None:
            subject, relation = subject_of(qualified["which"]), qualified["noun"]
        return Reading(subject, relation.replace("port number", "port"), value)
    return None


_KNOWN_VALUES = re.compile(
    rf"(?i)^(?:{_URL}|{_PATH}|{_ENV}|[\w.-]*\d[\w.%-]*(?:\s?(?:ms|s|sec(?:onds?)?|min(?:utes?)?|hours?|days?"
    rf"|kb|mb|gb|characters|chars|columns|requests.*|per\s.*))?)$"
)


def _fits(relation: str, value: str) -> bool:
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
    ):
        return False
    if relation.endswith("port") or relation == "port number":
        return re.fullmatch(_PORT, value) is not None
    if re.search(r"url|endpoint|domain|host", relation):
        return re.search(r"[./:]", value) is not None and len(value.split()) == 1
    if "version" in relation:
        return re.search(r"\d", value) is not None and len(value.split()) <= 3
    if re.search(r"command|script|task|target", relation):
        return len(value.split()) <= 8
    if "branch" in relation:
        return re.fullmatch(r"[\w./<>*-]+", value) is not None
    if re.search(r"dir|folder|path|file|entry", relation):
        return re.search(r"[/.]", value) is not None and len(value.split()) == 1
    if re.search(r"timeout|retr|size|length|limit|ttl|interval|threshold", relation):
        return re.search(r"\d", value) is not None and len(value.split()) <= 5
    return len(value.split()) <= 5


def _tool(ticked: str, plain: str) -> Reading | None:
    found = _USES.match(plain)
    if found is None:
        return None
    subject = subject_of(found["task"]) if found["task"] else subject_of(found["who"])
    return Reading(subject if subject != "the ci" else "CI", "use", found["value"])


def _address(ticked: str, plain: str) -> Reading | None:
    found = _USE_PORT.match(plain)
    if found is not None:
        return Reading(subject_of(found["subject"] or found["owner"]), "port", found["port"])
    found = _RUNS_ON.match(plain)
    if found is not None:
        subject = subject_of(found["subject"])
        return Reading(subject, "port", found["port"]) if found["port"] else Reading(subject, "url", found["value"])
    found = _HOST.match(plain)
    if found is not None and not re.search(r"\.(?:py|ts|js|go|rs|md|ya?ml|json|toml|sh|sql)$", found["value"]):
        return Reading(subject_of(found["subject"]), "host", found["value"])
    found = _ITS_PORT.match(plain)
    return Reading(subject_of(found["subject"]), "port", found["port"]) if found is not None else None


def _name(ticked: str, plain: str) -> Reading | None:
    found = _CALLED.match(plain)
    if found is None or not re.search(r"[-_./@:\d]|[a-z][A-Z]", found["value"]):
        return None
    subject = subject_of(found["subject"])
    staged = re.fullmatch(r"the (?P<which>staging|production|prod|dev|test|qa) (?P<noun>database|db)", subject)
    return (
        Reading(subject_of(staged["which"]), "database", found["value"])
        if staged
        else Reading(subject, "name", found["value"])
    )


def _place(ticked: str, plain: str) -> Reading | None:
    found = _HAVE_AT.search(plain)
    if found is not None:
        subject = found["subject"]
        if " of " not in subject:
            subject = f"{subject} of {found['value'].rstrip('/').rsplit('/', 1)[-1]}"
        return Reading(f"the {subject}", "path", found["value"].rstrip("."))
    found = _LIVES_IN.match(plain)
    if found is None or found["subject"].split()[0].lower() in _NO_SUBJECT | {
        "we",
        "i",
        "you",
        "not",
        "no",
        "error",
        "errors",
    }:
        return None
    return Reading(subject_of(found["subject"]), "path", found["value"].rstrip("."))


def _version(ticked: str, plain: str) -> Reading | None:
    found = _ON_VERSION.match(plain)
    if found is None:
        return None
    where = re.sub(r"(?i)^(?:the|our|this)\s+", "", found["who"]).lower()
    name = found["subject"]
    if where not in ("we", "we're", "we are", "project", "repo", "codebase"):
        place = {"ci": "on CI", "production": "in production", "staging": "in staging"}.get(where, f"in the {where}")
        name = f"{name} {place}"
    return Reading(name, "version", found["value"])


def _env(ticked: str, plain: str) -> Reading | None:
    found = _ENV_IN.match(plain)
    if found is None or re.fullmatch(_ENV, found["value"]) is None:
        return None
    return Reading(subject_of(found["subject"]), "environment variable", found["value"])
