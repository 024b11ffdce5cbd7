"""Sentences that state who owns what, where things run, which tools there are. One in, at most one reading out.

The shapes that do not name the noun ("the API is on 8000", "Marta owns payments"); `stated_facts` has the others.
"""

import re

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.phrases import clean
from memsrv.lenses.sorts import LANGUAGES
from memsrv.lenses.subjects import subject_of
from memsrv.lenses.topics import topic_of

_WHAT = r"(?P<subject>(?:the\s+|our\s+)?[\w./@-]+(?:\s+[\w./@-]+){0,3}?)"
_AT_PORT = re.compile(
    rf"^{_WHAT}\s+(?:(?:is|runs|listens|sits|lives|starts|now|is\s+now|is\s+running|is\s+listening)\s+)?(?:on|at)\s+:?(?P<port>\d{{4,5}})(?:\s+(?:locally|now|too))?$",
    re.IGNORECASE,
)
_NOT_SERVED = re.compile(
    r"(?i)\b(?:bugs?|errors?|problems?|issues?|tickets?|prs?|comments?|lines?|rows?|exceptions?|crash(?:es)?|fails?|timeouts?|was|were|yesterday|did|not|isn't)\b"
)
_DEPLOYED = re.compile(
    r"^(?:the\s+|our\s+)?(?P<stage>staging|production|prod|dev|qa|uat|preview)(?:\s+(?:environment|env|server|site))?\s+(?:is|gets)\s+(?:always\s+)?"
    r"(?:deployed|built|released|cut)\s+from\s+(?:the\s+)?(?P<value>[\w./-]+)(?:\s+branch)?$",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    rf"^(?:the|our)\s+(?P<subject>(?:[\w-]+\s+){{0,2}}(?:service|backend|frontend|server|client|cli|api|worker|app|website|library|sdk|parser|engine"
    rf"|daemon|gateway|pipeline))\s+is\s+(?:written\s+|all\s+|implemented\s+)*in\s+(?P<value>{LANGUAGES})$",
    re.IGNORECASE,
)
_PART = r"(?P<subject>(?:the|our) [\w -]{3,40})"
_OWNS = re.compile(
    rf"^(?P<value>[A-Z][\w-]+|[Tt]he [\w-]+ team) (?:owns|maintains|is responsible for|looks after) {_PART}(?:,.*)?$"
)
_OWNER_IS = re.compile(
    rf"^(?P<value>[A-Z][\w-]+) is (?:the|our) (?P<relation>owner|maintainer|lead) (?:of|for) {_PART}$"
)
_ME = re.compile(
    rf"^(?:[Mm]y name is|I am called) (?P<name>[A-Z][\w-]+)"
    rf"(?:,? and I (?:own|maintain|am the owner of|look after) {_PART})?$"
)
_MY = (
    (
        "operating system",
        r"(?P<value>windows(?:\s1[01])?|mac\s?os|mac|linux|ubuntu(?:\s[\d.]+)?|debian|fedora|arch|wsl2?|nixos)",
    ),
    ("shell", r"(?P<value>fish|zsh|bash|powershell|nushell)(?:\s+shell)?"),
    ("editor", r"(?P<value>vim|neovim|nvim|emacs|vs\s?code|vscode|intellij|pycharm|webstorm|zed|helix|sublime)"),
)
_OUR_VERSION = re.compile(
    r"(?i)^our\s+(?P<subject>python|node|go|ruby|java|rust|php|postgres|redis|kubernetes|terraform|react|django)(?:\s+version)?\s+is\s+(?:at\s+|on\s+)?"
    r"(?P<value>v?\d[\w.]*)$"
)
_BARE_NUMBER = re.compile(
    r"(?i)^(?P<relation>(?:max(?:imum)?\s+)?line\s+length|coverage\s+threshold)\s*:?\s+(?P<value>\d+)$"
)
_OUR = re.compile(
    r"^(?P<value>[\w.+#/-]+(?:\s[\w.+#/-]+)?)\s+is\s+our\s+(?P<relation>(?:[\w-]+\s+){0,2}[\w-]+)$", re.IGNORECASE
)
_PROJECT_USES = re.compile(
    r"^(?:this|the|our)\s+(?:whole\s+)?(?:project|repo|repository|code\s?base|monorepo|app)\s+(?:uses|is\s+using|is\s+on|runs\s+on|relies\s+on)\s+(?P<value>[\w.@/+#-]+)$"
    r"|^(?:this|it)\s+is\s+a\s+(?P<tool>[\w.-]+)\s+(?:project|repo|repository|code\s?base|monorepo|workspace)$"
    r"|^we(?:'re|\s+are)\s+an?\s+(?P<shop>[\w.-]+)\s+(?:shop|team|project|repo|house)$"
    r"|^it'?s\s+a\s+(?P<its>[\w.-]+)\s+(?:project|repo|repository|code\s?base|monorepo|workspace)$",
    re.IGNORECASE,
)
_SUPPORTS = re.compile(
    r"^(?:we|the\s+project|this\s+project|our\s+\w+)\s+(?:still\s+|only\s+|currently\s+)*supports?\s+(?P<subject>[A-Za-z][\w.#+]*)\s+"
    r"(?P<value>v?\d[\w.]*(?:\s*(?:\+|and\s+(?:up|above|newer|later|higher|\d[\w.]*)|or\s+(?:newer|later|higher)|to\s+\d[\w.]*|-\s*\d[\w.]*))?)$",
    re.IGNORECASE,
)
_IN_TOOL = re.compile(
    r"^(?:the\s+|our\s+|all\s+)*(?P<subject>(?:[\w-]+\s+){0,2}[\w-]+(?<!s)s)\s+(?:are|live|come|sit|go)\s+(?:all\s+|stored\s+|kept\s+|managed\s+|tracked\s+)*(?:in|from|on)\s+"
    r"(?P<value>\d?[A-Z][\w.+-]*(?:\s[A-Z][\w.+-]*){0,2})$"
)
_CI = re.compile(
    r"^(?:our\s+|the\s+)?(?i:ci)\s+(?:runs\s+on|uses|is\s+on|is)\s+(?P<value>[A-Z][\w.+-]*(?:\s[A-Z][\w.+-]*){0,2})$"
)
_REGION = re.compile(
    r"(?i)^(?:the\s+|our\s+)?(?P<subject>staging|production|prod|dev|qa|everything|backend|frontend|api|app|database|db|cluster|workers?)\s+"
    r"(?:runs?|is|are|lives?|is\s+hosted|are\s+hosted|is\s+deployed|are\s+deployed)\s+(?:in|on|to)\s+(?P<value>[a-z]{2,}-[a-z]+-?\d[a-z]?)$"
)
_FIND = re.compile(
    r"(?i)^(?:you\s+(?:can\s+)?|we\s+)(?:find|have|keep)\s+(?P<subject>(?:the|our|all)\s+[\w-]+(?:\s+[\w-]+){0,3}?)\s+(?:in|under|at|inside)\s+(?P<value>(?:[\w@.*-]+/)+[\w@.*-]*)$"
)
_HERE = re.compile(
    r"(?i)^(?:the|our)\s+(?P<subject>[\w-]+(?:\s+[\w-]+){0,3}?)\s+is\s+(?:right\s+|over\s+)*(?:there\s+)?(?:at|in)\s+(?:the\s+)?(?P<value>\.{1,2}/[\w./@-]+)(?:\s+(?:repo|folder|directory))?$"
)


def whereabouts(ticked: str, plain: str) -> Reading | None:
    """Who owns it, where it runs, what it is written in."""
    for read in (_port, _deployed, _person, _tool, _place):
        found = read(plain)
        if found is not None:
            return found
    return None


def _port(plain: str) -> Reading | None:
    found = _AT_PORT.match(plain)
    if (
        found is None
        or _NOT_SERVED.search(found["subject"])
        or re.match(r"(?i)(?:i|we|it|put|run|set|start|use|move)\b", found["subject"])
    ):
        return None
    return Reading(subject_of(found["subject"]), "port", found["port"])


def _deployed(plain: str) -> Reading | None:
    found = _DEPLOYED.match(plain)
    if found is not None:
        stage = {"prod": "production"}.get(found["stage"].lower(), found["stage"].lower())
        return Reading(stage, "deploy branch", found["value"])
    found = _LANGUAGE.match(plain)
    return Reading(subject_of(found["subject"]), "language", found["value"]) if found is not None else None


def _person(plain: str) -> Reading | None:
    found = _OWNS.match(plain)
    if found is not None and not re.search(r"(?i)\b(?:ticket|bug|issue|pr|task)\b", found["subject"]):
        return Reading(subject_of(found["subject"]), "owner", found["value"])
    found = _OWNER_IS.match(plain)
    if found is not None:
        return Reading(subject_of(found["subject"]), found["relation"].lower(), found["value"])
    for relation, names in _MY:
        mine = re.match(
            rf"(?i)^i(?:'m|\s+am)?\s+(?:always\s+)?(?:on|using|use|run|work\s+on|work\s+in)\s+(?:a\s+)?{names}(?:,\s+so\b.*)?$",
            plain,
        )
        if mine is not None:
            return Reading("the user", relation, mine["value"])
    version = _OUR_VERSION.match(plain)
    if version is not None:
        return Reading(version["subject"], "version", version["value"])
    called = re.match(r"^(?:[Pp]lease )?[Cc]all me (?P<name>[A-Z][a-z]+)$", plain)
    if called is not None:
        return Reading("the user", "name", called["name"])
    number = _BARE_NUMBER.match(plain)
    if number is not None:
        return Reading(THIS_PROJECT, " ".join(number["relation"].lower().split()), number["value"])
    found = _ME.match(plain)
    if found is None:
        return None
    if found["subject"]:
        return Reading(subject_of(found["subject"]), "owner", found["name"])
    return Reading("the user", "name", found["name"])


def _tool(plain: str) -> Reading | None:
    found = _CI.match(plain)
    if found is not None:
        return Reading("CI", "use", found["value"])
    found = _REGION.match(plain)
    if found is not None:
        where = subject_of(found["subject"]) if found["subject"].lower() != "everything" else THIS_PROJECT
        return Reading(where, "region", found["value"])
    found = _PROJECT_USES.match(plain)
    if found is not None:
        value = clean(found["value"] or found["tool"] or found["shop"] or found["its"])
        topic = topic_of(value)
        return Reading(topic, "use", value) if topic is not None else None
    found = _SUPPORTS.match(plain)
    if found is not None:
        return Reading(found["subject"], "supported version", " ".join(found["value"].split()))
    found = _OUR.match(plain)
    if found is not None and not re.match(r"(?i)(?:it|this|that|here|what|which|there|he|she)\b", found["value"]):
        if re.search(
            r"(?i)\b(?:problem|bug|issue|goal|next|first|main\s+(?:issue|problem)|last|fault|user|customer|best)\b",
            found["relation"],
        ):
            return None
        return Reading(THIS_PROJECT, found["relation"].lower(), clean(found["value"]))
    found = _IN_TOOL.match(plain)
    if found is None or re.match(r"(?i)(?:this|these|those|there|its?)\b", found["subject"]):
        return None
    return Reading(subject_of(found["subject"]), "use", found["value"])


def _place(plain: str) -> Reading | None:
    found = _FIND.match(plain) or _HERE.match(plain)
    return Reading(subject_of(found["subject"]), "path", found["value"].rstrip(".")) if found is not None else None
