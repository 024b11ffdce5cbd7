"""How things of a sort are to be: "all dates must be ISO 8601", "error messages go in English".

One sentence (without what introduces it) in, a reading out; `is_convention` says of words without a reading that they
are a convention all the same. Speaks of sorts of things only: what one thing at hand is to be is a task.
"""

import re

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.phrases import REASON, THIS, Parsed, clean
from memsrv.lenses.sorts import LANGUAGES, TONGUES, is_sort, sort_name
from memsrv.lenses.topics import topic_of

_MUST = r"(?:must|should|shall|have\s+to|has\s+to|needs?\s+to|are\s+to|ought\s+to)"
_SUBJECT = r"(?P<subject>(?:(?:all|every|each|any|our|new)\s+){0,2}[\w/-]+(?:\s+[\w/-]+){0,3}?)"
_DONE = (
    r"(?:stored|written|named|formatted|prefixed|suffixed|wrapped|returned|logged|kept|placed|sorted|documented|tested|typed"
    r"|quoted|signed|tagged|saved|encoded|spelled|validated|capitali[sz]ed|squashed|reviewed|handled|raised|versioned|hosted"
    r"|managed|tracked|generated|built|published|merged|served|serialized|passed|put|based|cut)"
)
_PREP = r"(?:in|as|with|via|by|on|under|using|through|to|from|into|inside|at|like)"

_TO_BE = re.compile(
    rf"(?i)^{_SUBJECT}\s+{_MUST}\s+(?:always\s+|only\s+|all\s+)*be\s+(?:{_DONE}\s+)?(?:{_PREP}\s+)?(?P<value>.+)$"
)
_TO_HAVE = re.compile(
    rf"(?i)^{_SUBJECT}\s+(?:(?:{_MUST}\s+)?(?:always\s+)?(?:have|has|get|include|come\s+with|follows?|uses?)|needs?|requires?)\s+(?P<value>.+)$"
)
_GO = re.compile(
    rf"(?i)^{_SUBJECT}\s+(?:{_MUST}\s+)?(?:always\s+|only\s+)*(?:go(?:es)?|starts?|begins?|ends?|lives?|comes?|belongs?)\s+{_PREP}"
    r"\s+(?P<value>.+)$"
)
_ARE_DONE = re.compile(
    rf"(?i)^{_SUBJECT}\s+(?:are|is|get)\s+(?:always\s+|all\s+|only\s+)*(?P<done>{_DONE})\s+(?:always\s+)?(?:{_PREP}\s+)?(?P<value>.+)$"
)
_ARE_NAMED = re.compile(
    rf"(?i)^{_SUBJECT}\s+are\s+(?:always\s+)?(?P<value>(?-i:\S*(?:[a-z][A-Z]|_)\S*|[a-z]+-case|[A-Z]{{2,}}s))$"
)
_ARE = re.compile(rf"(?i)^{_SUBJECT}\s+are\s+(?:always\s+|all\s+)*(?P<value>[^,]+)(?:,\s+(?:never|not)\s+.+)$")
_IN_TONGUE = re.compile(
    rf"(?i)^{_SUBJECT}\s+(?:only\s+)?in\s+(?P<value>{TONGUES}|(?:upper|lower)[\s-]?case|camelcase|snake_case|pascalcase|kebab-case)(?:\s+only)?$"
)
_KEEP = re.compile(
    r"(?i)^(?:please\s+)?keep\s+(?:your\s+|all\s+|the\s+)?(?P<subject>[\w-]+(?:\s+[\w-]+){0,2}?)\s+"
    r"(?P<value>(?:under|below|within|shorter\s+than|less\s+than|at\s+most|up\s+to|max(?:imum)?)\s+\d[\d.,]*\s+\w+)$"
)
_DOES = r"(?:exposes?|returns?|logs?|uses?|gets?|starts?|ends?|goes|lives?|belongs?|inherits?|extends?|implements?)"
_KEEP_SO = re.compile(
    r"(?i)^(?:please\s+)?keep\s+(?:your\s+|all\s+|the\s+)?(?P<subject>[\w-]+(?:\s+[\w-]+){0,2}?)\s+(?:very\s+)?"
    r"(?:short|small|brief|concise|simple|sorted|alphabetical|minimal|focused|independent|pure|flat|clean|terse|tiny|lean"
    r"|up\s+to\s+date|in\s+sync|self-contained)\b"
)
_BE = re.compile(
    r"(?i)^(?:please\s+|always\s+)*be\s+(?:more\s+|very\s+)?(?:concise|brief|terse|short|polite|direct|explicit|precise|critical|honest)$"
)
_WE_DO = re.compile(
    r"(?i)^(?:you\s+(?:should|must)\s+)?(?:always\s+)?(?:we\s+)?(?:(?:only|usually|generally|all)\s+)*(?:always\s+)?(?P<verb>track|name|store|write|keep|tag|deploy|release|format"
    r"|document|test|host|log|version|prefix|sign|review|handle|wrap|return|call|save|indent|quote|spell|order|sort|manage|publish|build)\s+"
    r"(?P<subject>(?:all\s+|our\s+)?[\w-]+(?:\s+[\w-]+)?)\s+(?:only\s+)?(?:in|like|with|as|on|via|using|under)\s+(?P<value>[^,]+)"
    r"(?:,?\s+(?:and\s+)?(?:not|never|rather\s+than|instead\s+of)\s+(?:with\s+|in\s+|as\s+)?.+)?$"
)
_PLACED = re.compile(
    r"(?i)^(?:for|in)\s+(?P<subject>[\w\s/+#-]{2,30}?),?\s+(?:we\s+)?(?:always\s+|please\s+)*use\s+(?P<value>.+)$"
)
_EVERYTHING = re.compile(
    r"(?i)\b(?:everything|all\s+changes|changes|all\s+code)\s+(?:must\s+|should\s+)?go(?:es)?\s+through\s+(?P<value>(?:an?\s+)?(?:prs?|pull\s+requests?"
    r"|merge\s+requests?|code\s+review|review))\b|^(?:always\s+|only\s+)(?:open|make|create|use|through|via|with)\s+(?P<pr>an?\s+(?:pr|pull\s+request|merge\s+request))$"
)
_ANSWERING = ("answer", "reply", "respond", "talk")
_PASSING = re.compile(
    r"(?i)^(?:(?:be|get|to|re)?\s*(?:run\s|removed?|fix(?:ed|ing)?(?!\s\w+s\b)|updat(?:ed|ing)|deleted?|added|moved|changed|reverted|done|green|passing|ready|gone"
    r"|restored|visible|hidden|displayed|shown|aligned|empty|clickable|disabled|enabled|missing|broken|wrong|failing|ok|fine|work"
    r"|loaded|called|null|none|true|false|undefined|set|executed|started|red|blue|the\s+same|a\s+(?:fix|look|change|refactor|rewrite)|some|more|to|better|too|so|much|a\s+lot|lots)\b)"
)
_NAMED = re.compile(r"\d|[a-z][A-Z]|[_/.@<>*+-]\w|^[A-Z]|\s[A-Z]|`")


def convention(words: str, scope: str | None) -> Parsed | None:
    """The sentence as the convention of a sort of things, where it has the shape of one."""
    through = _EVERYTHING.search(words)
    if through is not None:
        return Parsed(Reading("changes", "use", clean(through["value"] or through["pr"])), general=True)
    kept = _KEEP.match(REASON.sub("", words).replace(" please", ""))
    if kept is not None and is_sort(kept["subject"]):
        return Parsed(Reading(sort_name(kept["subject"]), "length", clean(kept["value"])), general=True)
    if words.endswith(" in mind"):
        return None
    for shape in (_IN_TONGUE, _TO_BE, _TO_HAVE, _GO, _ARE_DONE, _ARE, _ARE_NAMED, _WE_DO, _PLACED):
        found = shape.match(words.split(", ", 1)[0] if shape is _IN_TONGUE else words)
        if found is None:
            continue
        subject, value = found["subject"].strip(), _value(found["value"])
        if subject.lower() in _ANSWERING:
            subject = "answers"
        if THIS.search(value) or THIS.search(subject) or _PASSING.match(value) or not value:
            return None
        if not (is_sort(subject) or (shape is _PLACED and re.fullmatch(LANGUAGES, subject, re.IGNORECASE))):
            if shape is not _ARE_DONE or not _is_plural(subject) or not _NAMED.search(value):
                continue
        elif (
            shape in (_TO_BE, _ARE, _WE_DO, _GO) and not _is_thing(value) and not re.search(rf"(?i)\s{_PREP}\s", words)
        ):
            continue
        if scope is not None and is_sort(scope):
            subject = f"{sort_name(subject)} in {scope}"
        if re.fullmatch(r"[\w@.*-]*/[\w@.*/-]*|[\w-]+\.\w{1,5}", value) and shape is not _WE_DO:
            return None  # a path: a fact of the project, read by `stated_facts`
        return Parsed(Reading(sort_name(subject), "use", value), general=True)
    return None


def is_convention(words: str) -> bool:
    """Whether words that no reading fits still say how things of a sort are to be."""
    if THIS.search(words):
        return False
    for shape in (_TO_BE, _TO_HAVE):
        found = shape.match(words)
        if found is not None and is_sort(found["subject"]) and not _PASSING.match(found["value"]):
            return (
                _is_plural(found["subject"]) or re.match(r"(?i)(?:all|every|each|any)\b", found["subject"]) is not None
            )
    if re.match(
        r"(?i)^(?:please\s+)?give\s+me\s+(?:very\s+)?(?:short|brief|concise|detailed|terse)\s+(?:answers|explanations|responses|replies)\b",
        words,
    ):
        return True
    every = re.match(
        rf"(?i)^(?:every|each|all)\s+(?P<subject>[\w-]+(?:\s[\w-]+)??)\s+(?:{_MUST}\s+)?{_DOES}\s+\S", words
    )
    if every is not None and is_sort(every["subject"]):
        return re.search(r"\b[1-5]\d\d$|\s\d+$|\b(?:null|none|an?\serror|nothing)$", words, re.IGNORECASE) is None
    kept = _KEEP_SO.match(words)
    return (kept is not None and is_sort(kept["subject"])) or _BE.match(words) is not None


def placed(words: str, scope: str | None) -> Parsed | None:
    """ "Always write tests with pytest, not unittest": the way is one of several, so it is what to use for them."""
    found = _WE_DO.match(words)
    if found is None or not is_sort(found["subject"]) or not re.search(r"(?i)\b(?:always|we)\b", words):
        return None
    value = _value(found["value"])
    if not value or THIS.search(value):
        return None
    return Parsed(Reading(sort_name(found["subject"]), "use", value), general=True)


def own_subject(reading: Reading) -> Reading:
    """A thing is not its own subject: "no default exports" is about this project."""
    same = reading.subject.casefold().strip() == reading.value.casefold().strip()
    return Reading(THIS_PROJECT, reading.relation, reading.value) if same else reading


def _value(words: str) -> str:
    bare = REASON.sub("", words)
    bare = re.split(r"(?i),\s|\s+(?:not|rather\s+than|instead\s+of|and\s+not)\s", bare)[0]
    return clean(bare)


def _is_plural(subject: str) -> bool:
    bare = re.sub(r"(?i)^(?:the|our|all)\s+", "", subject)
    last = bare.split()[-1]
    return len(bare.split()) <= 3 and (
        re.search(r"[^s]s$", last) is not None or last.lower() in ("money", "code", "logging")
    )


def _is_thing(value: str) -> bool:
    """Whether a value is a thing (a format, a number, a name, things of a sort) rather than a property."""
    return (
        _NAMED.search(value) is not None
        or is_sort(value)
        or topic_of(value) is not None
        or re.search(r"[^s]s$", value) is not None
    )
