"""Preferences as sentences: from the human's words to use, avoid and replacement. One sentence in, a reading out.

Knows the shapes of English instructions; whether they are meant to last is `scope`'s question.
"""

import re

from memsrv.lenses.avoiding import NOT, avoided
from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.conventions import convention, own_subject, placed
from memsrv.lenses.corrections import corrected
from memsrv.lenses.habits import always, checked
from memsrv.lenses.phrases import (
    DEFINITE,
    REASON,
    SCOPE_AFTER,
    THIS,
    Parsed,
    clean,
    core,
    gerund,
    is_name,
    occasion_of,
    sort_of,
)
from memsrv.lenses.sorts import is_lasting_scope, is_sort, sort_name
from memsrv.lenses.topics import topic_of

MAX_VALUE_WORDS = 12


_WE = (
    r"(?:(?:we|i)\s+(?:should\s+|must\s+|always\s+|generally\s+|usually\s+|only\s+|strictly\s+|now\s+)*|you\s+(?"
    r":should|must)\s+(?:always\s+)?|let'?s\s+(?:always\s+)?|always\s+|only\s+|just\s+|better\s+)"
)

_USING = (
    r"(?:use|prefer|stick\s+(?:to|with)|go\s+with|choose|follow|standardi[sz]e\s+on|rely\s+on|are\s+using|have\s"
    r"+standardi[sz]ed\s+on|are\s+going\s+with|(?:have\s+)?(?:decided|agreed|settled)\s+(?:on|to\s+use|to\s+go\s"
    r"+with)|(?:have\s+)?(?:switched|moved|migrated)(?:\s+from\s+\S+)?\s+to|(?:want|need)\s+to\s+use|would\s+rat"
    r"her\s+use|like\s+to\s+use)"
)

_REPLACE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{NOT}\s+(?P<verb>use|call|import|run|mock|stub|patch|write|put|name|choose|install|set)\s+(?P<old>.+?)\s*(?"
        rf":[,;:.!]|\s[-–—]+|\band\b|\bbut\b)?\s*(?:please\s+|always\s+|just\s+|rather\s+|instead,?\s+)*(?P=v"
        rf"erb)\s+(?P<new>.+)$",
        rf"^{NOT}\s+(?:use|call|import|run|choose|install)\s+(?P<old>.+?)\s*[,;:.!-]\s*(?:but|rather"
        rf"|instead(?:\s+use)?)\s+(?:use\s+)?(?P<new>.+)$",
        rf"^(?:{_WE})?{NOT}\s+use\s+(?P<old>.+?)\s*[,;:.]\s*(?:but\s+)?(?:we\s+)?(?:always\s+)?use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?(?:use|call|import|run|write|{_USING})\s+(?P<new>.+?)\s*,?\s+(?:instead\s+of|rather\s+t"
        rf"han|in\s+place\s+of|over|and\s+not|and\s+never|never|but\s+not|not)\s+(?P<old>.+)$",
        r"^(?:instead\s+of|rather\s+than)\s+(?:using\s+)?(?P<old>.+?),\s*(?:please\s+|always\s+)?(?:we\s+)?u"
        r"se\s+(?P<new>.+)$",
        r"^(?:we|i)\s+(?:don'?t|do\s+not)\s+(?:like|want|use|allow)\s+(?P<old>[^,;]+)[,;]\s*(?:please\s+|always\s+)*use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?prefer\s+(?P<new>.+?)\s+(?:to|over)\s+(?P<old>.+)$",
        r"^i(?:'d|\s+would)\s+rather\s+(?:have|use|see|get|write)\s+(?P<new>(?!an?\s).+?)\s+than\s+(?P<old>.+)$",
    )
)

_GONE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?P<old>[`\w./@:()-]+)\s+(?:is|was|has\s+been|got)\s+(?:deprecated|removed|renamed|replaced|moved"
        r"|dropped)(?:\s+(?:to|by|with|in\s+favou?r\s+of|into)\s+|[;,.:]\s*(?:please\s+)?use\s+|\s+and\s+(?:"
        r"is\s+now|became)\s+)(?P<new>[`\w./@:()-]+)",
        r"^(?:there\s+is\s+no|there's\s+no)\s+(?P<old>[`\w./@:()-]+)(?:\s+(?:any\s?more|anymore|module"
        r"|function|method|api|command|flag|option|package))*[;,.:]\s*(?:please\s+)?(?:use|it'?s(?:\s+called"
        r")?)\s+(?P<new>[`\w./@:()-]+)",
        r"^(?:the\s+[\w\s-]{2,30}?|it)(?:\s+is|'s)\s+(?:called\s+|named\s+)?(?P<new>`?\w+[_./()][\w./()]*`?),?\s+(?:and\s+)?not"
        r"\s+(?P<old>`?\w+[_./()][\w./()]*`?)$",
        r"^it(?:'s|\s+is)\s+(?P<new>`[^`]+`),?\s+(?:and\s+)?not\s+(?P<old>`[^`]+`)$",
        r"^(?P<old>[`\w./@:()-]+)\s+(?:does\s+not|doesn'?t|no\s+longer)\s+exists?(?:\s+any\s?more)?[;,.:]\s*"
        r"(?:please\s+)?(?:use|it'?s(?:\s+called)?(?:\s+now)?|it\s+is\s+now)\s+(?P<new>[`\w./@:()-]+)",
        r"^(?:rename|move|change)\s+(?:the\s+)?(?:[\w-]+\s+){0,6}?(?:from\s+)?(?P<old>[\w@.-]*/[\w./@-]+)\s+"
        r"to\s+(?P<new>[\w@.-]*/[\w./@-]+)$",
    )
)

#: What a project has one of: a newer choice replaces the older one, whatever that was.
_ONE_CHOICE = ("package management", "indentation", "quotes", "naming", "formatting", "linting", "tests", "times")

_USE = re.compile(rf"^(?P<strong>{_WE})?(?:{_USING})\s+(?P<value>.+)$", re.IGNORECASE)

_AT_CHOICE = re.compile(
    r"(?i)\b(?:an?|the|option|approach|version|step|page|line|ones?|file|red|blue|green|black|white|first|second|another)\b"
)


def _is_plain(*words: str) -> bool:
    """Whether both are bare nouns, as in "don't use var, use const"."""
    return all(len(word.split()) <= 2 and not _AT_CHOICE.search(word) and not DEFINITE.search(word) for word in words)


_MANNER = re.compile(r"(?i)\b(?:mood|form|style|voice|tense|order|format|case|way|manner|general|total)$")


def parse(sentence: str) -> Parsed | None:
    """The sentence as one reading, or None where the shape is not known."""
    words = core(sentence)
    scope, words = occasion_of(words)
    for attempt in (checked, _gone, placed, corrected, _replacement, avoided, _use, convention, always):
        found = attempt(words, scope)
        if found is not None:
            reading = own_subject(found.reading)
            found = Parsed(reading, found.general, found.correcting)
            if not _is_whole(reading.subject) or not _is_whole(reading.value):
                return None
            if THIS.search(reading.subject) and reading.subject != THIS_PROJECT:
                return None
            if len(reading.value.split()) > MAX_VALUE_WORDS or len(reading.subject.split()) > 10:
                return None
            return found
    return None


def _is_whole(phrase: str) -> bool:
    """Whether a phrase was not cut in the middle: quotes and brackets close, and it holds a word."""
    closes = phrase.count('"') % 2 == 0 and all(phrase.count(a) == phrase.count(b) for a, b in ("()", "[]", "{}"))
    return closes and re.search(r"\w", phrase) is not None


def _gone(words: str, scope: str | None) -> Parsed | None:
    for pattern in _GONE:
        found = pattern.match(words)
        if found is not None and (is_name(found["old"]) and is_name(found["new"])):
            return Parsed(Reading(clean(found["old"]), "replacement", clean(found["new"])), general=True)
    return None


def _replacement(words: str, scope: str | None) -> Parsed | None:
    either = re.match(r"(?i)^(?:only\s+)?(?P<new>[\w-]+),?\s+not\s+(?P<old>[\w-]+)$", words)
    if (
        either is not None
        and topic_of(either["new"]) is not None
        and topic_of(either["new"]) == topic_of(either["old"])
    ):
        return Parsed(Reading(topic_of(either["new"]) or "", "use", either["new"]), general=True, correcting=True)
    for pattern in _REPLACE:
        found = pattern.match(words)
        if found is None:
            continue
        old, new = clean(REASON.sub("", found["old"])), clean(REASON.sub("", found["new"]))
        new = re.sub(r"\s+(?:which|that|who|(?:it|they)\s\w+)\s.+$", "", new)
        verb = found.groupdict().get("verb")
        if verb is not None and verb.lower() not in ("use", "choose", "set", "install", "run", "call"):
            old, new = f"{gerund(verb.lower())} {old}", f"{gerund(verb.lower())} {new}"
        if scope is None:
            after = SCOPE_AFTER.match(old)
            if after is not None and not THIS.search(after["scope"]):
                old, scope = clean(after["rest"]), clean(after["scope"])
            elif (after := SCOPE_AFTER.match(new)) is not None and len(new.split()) > 3:
                new, scope = clean(after["rest"]), clean(after["scope"])
        if not old or not new or THIS.search(old) or THIS.search(new) or len(old.split()) > 8:
            return None
        old = re.sub(r"(?i)^using\s+", "", old)
        both = topic_of(new) if topic_of(new) == topic_of(old) else None
        unit = re.match(r"^\d[\d.]*\s+([a-z]+)$", new)
        if unit is not None and re.fullmatch(r"\d[\d.]*", old):
            old = f"{old} {unit[1]}"
        subject = f"{old} for {scope}" if scope and not both else old
        negated = re.match(NOT, words, re.IGNORECASE) is not None
        if both and not (negated and both not in _ONE_CHOICE):
            return Parsed(Reading(scope or both, "use", new), general=True, correcting=True)
        preferred = (
            re.match(r"(?i)(?:\w+\s+)?prefer\b|i(?:'d|\s+would)\s+rather\b|(?:we|i)\s+(?:don'?t|do\s+not)\b", words)
            is not None
        )
        return Parsed(
            Reading(subject, "replacement", new),
            general=preferred
            or (words.startswith("use ") and " instead of running " in words)
            or (negated and (is_name(old) or _is_plain(old, new)))
            or (scope is not None and is_lasting_scope(scope)),
            correcting=True,
        )
    return None


def _use(words: str, scope: str | None) -> Parsed | None:
    tool = re.match(r"(?i)^(?P<value>[\w.-]+)\s+for\s+(?P<scope>\w+ing)$", words)
    if tool is not None and topic_of(tool["value"]) is not None:
        return Parsed(Reading(tool["scope"], "use", tool["value"]), general=True)
    sort = re.match(r"(?i)^i\s+(?:really\s+)?(?:like|love)\s+(?P<value>[a-z-]+\s+[\w-]+s)$", words)
    if sort is not None and is_sort(sort["value"]) and not DEFINITE.search(sort["value"]):
        return Parsed(Reading(sort["value"].split()[-1], "use", sort["value"]), general=True)
    liked = re.match(
        r"(?i)^i\s+(?:really\s+)?(?:like|love|want)\s+(?P<value>[^,]+?)\s+(?:on|in|for)\s+(?P<scope>(?:every|each|all)\s[^,]+)$",
        words,
    )
    if liked is not None and is_lasting_scope(liked["scope"]) and not DEFINITE.search(liked["value"]):
        return Parsed(Reading(sort_name(liked["scope"]), "use", clean(liked["value"])), general=True)
    found = _USE.match(words)
    if found is None:
        return None
    value = clean(REASON.sub("", found["value"]))
    if re.match(r"(?i)(?:the|an?)\s.+\sto\s", value):
        return None  # "we use a set to avoid duplicates" describes what is there
    if scope is None:
        after = re.match(r"(?i)^(?P<rest>.+?)\s+(?:for|when|whenever|in|on|to)\s+(?P<scope>[^,]{3,60})$", value)
        if after is not None and not THIS.search(after["scope"]) and not _MANNER.search(after["scope"]):
            value, scope = clean(after["rest"]), clean(after["scope"])
    value = re.sub(
        r"(?i)\s+(?:last\s+\w+|yesterday|recently|already|a\s+while\s+ago|since\s+.+|in\s+v?\d\S*)$", "", value
    )
    subject = scope or topic_of(value) or sort_of(value)
    if subject is None or THIS.search(value):
        return None
    lasts = scope is not None and is_lasting_scope(scope) and not DEFINITE.search(value)
    preferred = re.match(r"(?i)prefer\s", words) is not None and not DEFINITE.search(value) and scope is None
    convention_by_name = topic_of(value) in ("naming", "commit messages", "spelling")
    return Parsed(Reading(sort_name(subject), "use", value), general=lasts or preferred or convention_by_name)
