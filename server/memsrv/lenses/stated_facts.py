"""Sentences that state a fact of the project: ports, URLs, versions, paths, names. One in, at most one reading out.

Knows the shapes of English statements only; who said them is the lens's question.
"""

import re
from collections.abc import Iterator

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.nouns import ATTRIBUTES, ENV, PATH, PORT, URL, VERSION, fits
from memsrv.lenses.phrases import clean, core
from memsrv.lenses.subjects import subject_of
from memsrv.lenses.topics import topic_of
from memsrv.lenses.ways import command, decision
from memsrv.lenses.whereabouts import whereabouts

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
        rf"^(?:the|our)\s+(?P<relation>{ATTRIBUTES})\s+(?:of|for|on|in)\s+(?P<subject>(?:the\s+|our\s+)?[\w."
        rf"/@-]+(?:\s+[\w./@-]+){{0,4}}?){_IS}(?P<value>.+)$",
        rf"^(?:the|our)\s+(?P<subject>(?:[\w./@-]+(?:'s)?\s+){{0,4}}?)(?P<relation>{ATTRIBUTES}){_IS}(?P<value>.+)$",
        rf"^(?P<subject>(?:[\w./@-]+(?:'s)?\s+){{0,3}}?)(?P<relation>{ATTRIBUTES}){_IS}(?P<value>.+)$",
    )
)

_SUBJECT = r"(?P<subject>(?:the\s+|our\s+|my\s+)?[\w./@-]+(?:\s+[\w./@-]+){0,4}?)"

_RUNS_ON = re.compile(
    rf"^{_SUBJECT}\s+(?:now\s+|actually\s+|currently\s+|always\s+)*(?:runs?|listens?|is\s+listening|is\s+runn"
    rf"ing|is\s+served|serves|is\s+available|(?:is|are)\s+exposed|are\s+served|are\s+available|is\s+hosted|are|is\s+reachable|is|lives|binds|moved|has\s+moved|was"
    rf"\s+moved|sits|starts|answers)\s+(?:now\s+)?(?:locally\s+)?(?:on|at|to|over|under|behind)\s+(?:tcp\s+)?"
    rf"(?P<value>(?:(?P<isport>port\s+|localhost:|127\.0\.0\.1:|0\.0\.0\.0:|:)(?P<port>{PORT})\b)|{URL})",
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
    rf"port>{PORT})\b",
    re.IGNORECASE,
)

_USE_PORT = re.compile(
    rf"^(?:always\s+|we\s+|you\s+should\s+)?use\s+(?:port\s+(?P<port>{PORT})\s+(?:for|on)\s+(?P<subject>(?:t"
    rf"he\s+|our\s+)?[\w-]+(?:\s+[\w-]+){{0,2}}?)(?P<owner>)(?:\s*,?\s*(?:not|instead\s+of|rather\s+than)\s+("
    rf"?:port\s+)?\d+)?)$",
    re.IGNORECASE,
)

_CALLED = re.compile(
    r"^(?:the|our)\s+(?P<subject>[\w-]+(?:\s+[\w-]+){0,4}?)\s+(?:is|are|was)\s+(?:now\s+)?(?:called|named|published\s+as"
    r"|renamed\s+to)\s+(?P<value>[\w./@:<>*-]+)$",
    re.IGNORECASE,
)

_LIVES_IN = re.compile(
    rf"^(?:(?:all|the|our)\s+)?(?P<subject>[\w./@-]+(?:\s+[\w./@-]+){{0,3}}?)\s+(?:all\s+|now\s+|always\s+"
    rf"|should\s+|must\s+)*(?:lives?|is\s+located|are\s+located|is\s+kept|are\s+kept|is\s+stored|are\s+stored"
    rf"|is\s+defined|are\s+defined|goes|go|belongs?|resides?|is|are|moved|have\s+moved|has\s+moved|sits?)\s+("
    rf"?:now\s+)?(?:in|under|at|inside|to)\s+(?:the\s+)?[`'\"]?(?P<value>{PATH})[`'\"]?(?:\s+(?:folder"
    rf"|directory|dir|file))?$",
    re.IGNORECASE,
)

_HAVE_AT = re.compile(
    rf"(?i)\b(?:you|we|i)\s+have\s+(?:a|an|the)\s+(?P<subject>local\s+(?:copy|checkout|clone)(?:\s+of\s+[\w./"
    rf"@-]+)?|[\w-]+\s+(?:copy|checkout|clone))\s+(?:at|in|under)\s+[`'\"]?(?P<value>{PATH})"
)

_ON_VERSION = re.compile(
    rf"^(?P<who>we(?:'re|\s+are)?|(?:the|this|our)\s+(?:project|repo|codebase)|(?:the\s+|our\s+)?(?:backend"
    rf"|frontend|front-end|back-end|app|api|server|client|service|ci|worker|production|prod|staging|docker\s+image"
    rf"))\s+(?:now\s+|still\s+|only\s+|currently\s+|all\s+)*(?:on|using|use|uses|run|runs|is\s+on|are\s+on|target"
    rf"|targets|require|requires|need|needs|support|supports|is\s+pinned\s+to|are\s+pinned\s+to|pin|upgraded"
    rf"\s+to|moved\s+to|switched\s+to|is\s+running|are\s+running|deploy\s+on|deploys\s+on)\s+(?:on\s+)?(?P<su"
    rf"bject>[A-Z][\w.+#-]*(?:\s+[A-Z][\w.+#-]*)?|python|node(?:\.?js)?|go|ruby|java|rust|php|ubuntu|debian"
    rf"|alpine|postgres(?:ql)?|mysql|redis|react|next(?:\.?js)?|django|flask|terraform)\s+(?:version\s+)?(?P<"
    rf"value>{VERSION})\b",
    re.IGNORECASE,
)

_ENV_IN = re.compile(
    rf"^(?:the\s+|our\s+)?(?P<subject>[\w-]+(?:\s+[\w-]+){{0,4}}?)\s+(?:is|are|comes|come|lives|is\s+read|is"
    rf"\s+taken|is\s+stored|is\s+set)\s+(?:from|in|via|through|by)\s+(?:the\s+)?(?:env(?:ironment)?(?:\s+var("
    rf"?:iable)?)?\s+)?`?(?P<value>{ENV})`?(?:\s+env(?:ironment)?(?:\s+var(?:iable)?)?)?$",
    re.IGNORECASE,
)

_QUALIFIED = re.compile(
    r"(?P<which>staging|production|prod|dev|test|qa|admin|api|http|grpc|debug|metrics)\s+(?P<noun>url|base u"
    r"rl|endpoint|host|hostname|port|database|database name|db)$"
)

_VAGUE = re.compile(
    r"(?<!config )(?<!configuration )(?<!env )"
    r"(?:url|endpoint|domain|host|hostname|path|file|name|id|table|topic|schema|queue)$"
)  # of what?
#: What a task is about: where it is now, it will not be tomorrow.
_AT_HAND = re.compile(
    r"(?i)\b(?:bugs?|fix(?:es)?|problems?|errors?|issues?|changes?|todo|typo|mistake|failure|crash)$"
    r"|^(?:the\s+)?new\b|^(?:the\s+)?code$"
)
_NO_SUBJECT = frozenset(
    "it that this there here which what he she they these those one everything something nothing and but "
    "if so then because".split()
)


#: A fact that somebody else told, or that is only to be checked or imagined.
_REPORTED = re.compile(
    r"(?i)^(?:please\s+)?(?:check|make\s+sure|ensure|verify|assume|suppose|say|imagine|pretend|confirm|see|test\s+that|assert|set|change|put|move|add|when|if)\b"
    r"|\b(?:says?|said|claims?|reports?|tells?|thinks?|complains?|shows?)\s"
)


def stated(sentence: str) -> Iterator[Reading]:
    """What the sentence states about the project, at most one reading."""
    ticked = core(sentence)
    ticked = re.sub(r",\s*(?:and\s+)?(?:not|never|rather than|instead of|no longer)\s[^,]+$", "", ticked)
    plain = ticked.replace("`", "")
    if _REPORTED.search(plain):
        return
    for read in (command, whereabouts, _tool, _attribute, _name, _address, _place, _version, _env, decision):
        found = read(ticked, plain)
        if found is not None:
            if _sound(found):
                yield found
            return


_HANGING = frozenset("the a an in of for to on at my with from and or".split())


def _sound(reading: Reading) -> bool:
    first = reading.subject.split(" ", 1)[0].lower()
    last = reading.subject.rsplit(" ", 1)[-1].lower()
    known = reading.subject == THIS_PROJECT or (first not in _NO_SUBJECT and last not in _HANGING)
    return bool(reading.value) and known and len(reading.value) <= 120


def _attribute(ticked: str, plain: str) -> Reading | None:
    for pattern in _ATTRIBUTE:
        found = pattern.match(plain)
        if found is None:
            continue
        relation = " ".join(found["relation"].lower().split())
        if relation.endswith(" prefix"):  # "Jira prefix" keeps its name
            relation = " ".join(found["relation"].split())
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
        if re.fullmatch(r"(?i)my", (found["subject"] or "").strip()):
            subject = "the user"
        if not fits(relation, value) or (
            subject == THIS_PROJECT
            and _QUALIFIED.match(relation) is None
            and _VAGUE.search(relation)
            and not relation.startswith(("webhook", "callback", "health"))
        ):
            return None
        if relation.endswith(("tests command", "linter command")):
            relation = relation.replace("tests", "test").replace("linter", "lint")
        if re.search(r"database|db$", relation):
            if not re.search(r"\d|[A-Z_/.:]", value) and topic_of(value) is None:
                return None
            if re.fullmatch(URL, value) or re.search(r"(?:staging|production|prod|dev|test|qa)\s", relation):
                about = subject_of(f"{found['subject'] or ''} {relation.removesuffix(' name')}")
                return Reading(about, "url" if re.fullmatch(URL, value) else "name", value)
            staged = re.fullmatch(r"the (\w+) server", subject)
            if staged is not None:  # "staging's db"
                return Reading(f"the {staged[1]} database", "name", value)
            relation = relation.replace("db", "database")
        if subject == THIS_PROJECT and (qualified := _QUALIFIED.match(relation)) is not None:
            subject, relation = subject_of(qualified["which"]), qualified["noun"]
        return Reading(subject, relation.replace("port number", "port"), value)
    return None


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
    if re.search(
        r"(?i)\b(?:function|method|variable|class|file|field|flag|option|param|parameter|var|module|column)$", subject
    ):
        return None
    return Reading(subject, "name", found["value"])


def _place(ticked: str, plain: str) -> Reading | None:
    found = _HAVE_AT.search(plain)
    if found is not None:
        subject = found["subject"]
        if " of " not in subject:
            subject = f"{subject} of {found['value'].rstrip('/').rsplit('/', 1)[-1]}"
        return Reading(f"the {subject}", "path", found["value"].rstrip("."))
    found = _LIVES_IN.match(plain)
    if (
        found is None
        or found["subject"].split()[0].lower()
        in _NO_SUBJECT
        | {
            "we",
            "i",
            "you",
            "not",
            "no",
        }
        or _AT_HAND.search(found["subject"])
    ):
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
    if found is None or re.fullmatch(ENV, found["value"]) is None:
        return None
    return Reading(subject_of(found["subject"]), "environment variable", found["value"])
