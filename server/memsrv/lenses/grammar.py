"""Preferences as sentences: from the human's words to use, avoid and replacement. One sentence in, a reading out.

Knows the shapes of English instructions; whether they are meant to last is `scope`'s question.
"""

import re

from memsrv.lenses.claim import Reading
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
    head_of,
    infinitive,
    is_general,
    is_name,
    is_style,
    occasion_of,
    sort_of,
)
from memsrv.lenses.topics import topic_of, topic_of_doing

MAX_VALUE_WORDS = 14

_NOT = r"(?:do\s+not|don'?t|don’t|never|do\s+not\s+ever|don'?t\s+ever)"

_STRONG_NOT = r"(?:never(?:,?\s+ever)?|don'?t\s+ever|do\s+not\s+ever|no\s+more|always\s+avoid|avoid|stop)"

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
        rf"^{_NOT}\s+(?P<verb>use|call|import|run|mock|write|put|name|choose|install|set)\s+(?P<old>.+?)\s*(?"
        rf":[,;:.!]|\s[-–—]+|\band\b|\bbut\b)?\s*(?:please\s+|always\s+|just\s+|rather\s+|instead,?\s+)*(?P=v"
        rf"erb)\s+(?P<new>.+)$",
        rf"^{_NOT}\s+(?:use|call|import|run|choose|install)\s+(?P<old>.+?)\s*[,;:.!-]\s*(?:but|rather"
        rf"|instead(?:\s+use)?)\s+(?:use\s+)?(?P<new>.+)$",
        rf"^(?:{_WE})?{_NOT}\s+use\s+(?P<old>.+?)\s*[,;:.]\s*(?:but\s+)?(?:we\s+)?(?:always\s+)?use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?(?:use|call|import|run|write|{_USING})\s+(?P<new>.+?)\s*,?\s+(?:instead\s+of|rather\s+t"
        rf"han|in\s+place\s+of|over|and\s+not|and\s+never|never|but\s+not|not)\s+(?P<old>.+)$",
        r"^(?:instead\s+of|rather\s+than)\s+(?:using\s+)?(?P<old>.+?),\s*(?:please\s+|always\s+)?(?:we\s+)?u"
        r"se\s+(?P<new>.+)$",
        r"^(?:we|i)\s+(?:don'?t|do\s+not)\s+(?:like|want|use|allow)\s+(?P<old>[^,;]+)[,;]\s*(?:please\s+|always\s+)*use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?prefer\s+(?P<new>.+?)\s+(?:to|over)\s+(?P<old>.+)$",
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
        r"^(?P<old>[`\w./@:()-]+)\s+(?:does\s+not|doesn'?t|no\s+longer)\s+exists?(?:\s+any\s?more)?[;,.:]\s*"
        r"(?:please\s+)?(?:use|it'?s(?:\s+called)?(?:\s+now)?|it\s+is\s+now)\s+(?P<new>[`\w./@:()-]+)",
        r"^(?:rename|move|change)\s+(?:the\s+)?(?:[\w-]+\s+){0,6}?(?:from\s+)?(?P<old>[\w@.-]*/[\w./@-]+)\s+"
        r"to\s+(?P<new>[\w@.-]*/[\w./@-]+)$",
    )
)

_USE = re.compile(rf"^(?P<strong>{_WE})?(?:{_USING})\s+(?P<value>.+)$", re.IGNORECASE)

_NEVER = re.compile(
    rf"^(?:(?:we|i|you)\s+(?:should\s+|must\s+|want\s+to\s+)?)?(?:please\s+)?{_STRONG_NOT}\s+(?P<verb>[a-z-]+"
    rf")\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)

_DONT = re.compile(
    rf"^(?:please\s+)?(?:{_NOT}|(?:you|we)\s+(?:should\s+not|shouldn'?t|must\s+not|mustn'?t|don'?t|do\s+not)("
    rf"?:\s+be)?)\s+(?P<verb>[a-z-]+)\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)

_DONT_WANT = re.compile(
    r"^(?:we|i)\s+(?:do\s+not|don'?t|never)\s+(?:want|like|allow|accept|need)\s+(?P<thing>(?!to\b|you\b|it\b"
    r"|that\b|this\b).+)$",
    re.IGNORECASE,
)


def parse(sentence: str) -> Parsed | None:
    """The sentence as one reading, or None where the shape is not known."""
    words = core(sentence)
    scope, words = occasion_of(words)
    for attempt in (checked, _gone, _replacement, _avoid, _use, always):
        found = attempt(words, scope)
        if found is not None:
            reading = found.reading
            if not reading.subject or not reading.value or THIS.search(reading.subject):
                return None
            if len(reading.value.split()) > MAX_VALUE_WORDS or len(reading.subject.split()) > 10:
                return None
            return found
    return None


def _gone(words: str, scope: str | None) -> Parsed | None:
    for pattern in _GONE:
        found = pattern.match(words)
        if found is not None and (is_name(found["old"]) and is_name(found["new"])):
            return Parsed(Reading(clean(found["old"]), "replacement", clean(found["new"])), general=True)
    return None


def _replacement(words: str, scope: str | None) -> Parsed | None:
    for pattern in _REPLACE:
        found = pattern.match(words)
        if found is None:
            continue
        old, new = clean(REASON.sub("", found["old"])), clean(REASON.sub("", found["new"]))
        new = re.sub(r"\s+(?:which|that|who)\s.+$", "", new)
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
        negated = re.match(_NOT, words, re.IGNORECASE) is not None
        if both:
            return Parsed(Reading(scope or both, "use", new), general=True, correcting=True)
        preferred = re.match(r"(?i)(?:\w+\s+)?prefer\b|(?:we|i)\s+(?:don'?t|do\s+not)\b", words) is not None
        return Parsed(
            Reading(subject, "replacement", new), general=preferred or (negated and is_name(old)), correcting=True
        )
    return None


def _avoid(words: str, scope: str | None) -> Parsed | None:
    wanted = _DONT_WANT.match(words)
    if wanted is not None:
        thing = clean(REASON.sub("", wanted["thing"]).split(", ", 1)[0])
        if THIS.search(thing):
            return None
        return Parsed(Reading(scope or head_of(thing) or topic_of_doing("", thing), "avoid", thing), general=True)
    none = re.match(
        r"(?i)^no\s+(?P<thing>[\w-]+(?:\s+[\w-]+){0,2}?)(?:\s+(?:in|inside|for|on)\s+(?P<scope>[^,]{3,50}))?$", words
    )
    if none is not None:
        within = none["scope"]
        if DEFINITE.search(within or "") or (within is None and scope is None and not none["thing"].endswith("s")):
            return None
        return Parsed(
            Reading(clean(within) if within else scope or none["thing"], "avoid", none["thing"]), general=False
        )
    found = _NEVER.match(words) or _DONT.match(words)
    if found is None:
        return None
    strong = _NEVER.match(words) is not None
    reason = REASON.search(found["thing"])
    verb, thing = found["verb"].lower(), clean(REASON.sub("", found["thing"]).split(", ", 1)[0])
    if verb in (
        "be",
        "have",
        "worry",
        "forget",
        "do",
        "think",
        "know",
        "mind",
        "let",
        "want",
        "need",
        "see",
        "get",
        "mean",
        "care",
        "seem",
    ):
        return None
    doing = verb if verb.endswith("ing") else gerund(verb)
    stem = infinitive(verb) if verb.endswith("ing") else verb
    if scope is None:
        after = SCOPE_AFTER.match(thing)
        if (
            after is not None
            and after["word"].lower() in ("when", "whenever", "while", "in", "inside")
            and is_general(after["scope"])
        ):
            thing, scope = clean(after["rest"]), clean(after["scope"])
    scoped = scope is not None
    if not thing and not scoped:
        return None
    if THIS.search(thing) and not (scoped and re.search(r"\b(?:it|them)\b", thing)):
        return None
    if stem == "use":
        reading = Reading(scope or topic_of(thing) or topic_of_doing("use", thing), "avoid", thing)
    else:
        about = head_of(thing)
        if scope is not None:
            subject = f"{about} in {scope}" if about and not scope.split()[0].endswith("ing") else scope
        else:
            subject = about or doing
        reading = Reading(subject, "avoid", f"{doing} {thing}".strip())
    return Parsed(
        reading,
        general=strong
        or (scoped and is_general(scope or ""))
        or (is_general(head_of(thing) or thing) and (reason is not None or is_style(stem, thing))),
    )


def _use(words: str, scope: str | None) -> Parsed | None:
    found = _USE.match(words)
    if found is None:
        return None
    value = clean(REASON.sub("", found["value"]))
    if scope is None:
        after = re.match(r"(?i)^(?P<rest>.+?)\s+(?:for|when|whenever|in|to)\s+(?P<scope>[^,]{3,60})$", value)
        if after is not None and not THIS.search(after["scope"]):
            value, scope = clean(after["rest"]), clean(after["scope"])
    value = re.sub(
        r"(?i)\s+(?:last\s+\w+|yesterday|recently|already|a\s+while\s+ago|since\s+.+|in\s+v?\d\S*)$", "", value
    )
    subject = scope or topic_of(value) or sort_of(value)
    if subject is None or THIS.search(value):
        return None
    return Parsed(Reading(subject, "use", value), general=False)
