"""What is not to be done: never, don't, stop, no, I hate. One sentence, without what introduces it, as a reading."""

import re

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.phrases import (
    DEFINITE,
    REASON,
    SCOPE_AFTER,
    THIS,
    Parsed,
    clean,
    gerund,
    head_of,
    infinitive,
    is_general,
    is_style,
)
from memsrv.lenses.sorts import is_lasting_scope, sort_name
from memsrv.lenses.topics import topic_of, topic_of_doing

NOT = r"(?:do\s+not|don'?t|don’t|never|do\s+not\s+ever|don'?t\s+ever)"

#: How not to do it: "never manually set …" forbids the manner, and keeps it.
ADVERB = r"(?:(?P<how>(?!apply|rely|reply|supply|multiply|comply|imply|fly|only)[a-z]{3,}ly)\s+)?"

_STRONG_NOT = r"(?:never(?:,?\s+ever)?|don'?t\s+ever|do\s+not\s+ever|no\s+more|always\s+avoid|avoid|stop)"

_NEVER = re.compile(
    rf"^(?:(?:we|i|you)\s+(?:should\s+|must\s+|want\s+to\s+)?)?(?:please\s+)?{_STRONG_NOT}\s+{ADVERB}(?P<verb>[a-z-]+"
    rf")\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)

_DONT = re.compile(
    rf"^(?:please\s+)?(?:{NOT}|(?:you|we)\s+(?:should\s+not|shouldn'?t|must\s+not|mustn'?t|don'?t|do\s+not)("
    rf"?:\s+be)?)\s+{ADVERB}(?P<verb>[a-z-]+)\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)

#: Where somebody who types no stop begins the next sentence.
_GOES_ON = re.compile(r"(?i)\s+(?=(?:we|you|i)\s+(?:should|must|always|need|want|will)\b)")

_DONT_WANT = re.compile(
    r"^(?:we|i)\s+(?:do\s+not|don'?t|never)\s+(?:want|like|allow|accept|need)\s+(?P<thing>(?!to\b|you\b|it\b"
    r"|that\b|this\b).+)$"
    r"|^i\s+(?:really\s+|strongly\s+)?(?:hate|dislike|can't\s+stand)\s+(?P<hated>(?!to\b|you\b|it\b|when\b|how\b).+)$",
    re.IGNORECASE,
)


def avoided(words: str, scope: str | None) -> Parsed | None:
    wanted = _DONT_WANT.match(words)
    if wanted is not None:
        thing = clean(REASON.sub("", wanted["thing"] or wanted["hated"]).split(", ", 1)[0])
        if THIS.search(thing) or DEFINITE.search(thing) or (wanted["hated"] and not is_general(thing)):
            return None
        after = SCOPE_AFTER.match(thing)
        if scope is None and after is not None and is_lasting_scope(after["scope"]):
            thing, scope = clean(after["rest"]), sort_name(after["scope"])
        return Parsed(Reading(scope or head_of(thing) or topic_of_doing("", thing), "avoid", thing), general=True)
    banned = re.match(
        r"(?i)^(?P<thing>[\w-]+(?:\s+[\w-]+){0,3}?)\s+(?:is|are)\s+(?:strictly\s+)?(?:forbidden|not\s+allowed|banned|prohibited|disallowed|a\s+no-go|taboo)"
        r"(?:\s+in\s+(?P<scope>[\w\s-]+))?$",
        words,
    )
    if banned is not None and not DEFINITE.search(words) and not THIS.search(words):
        where = sort_name(banned["scope"]) if banned["scope"] else THIS_PROJECT
        return Parsed(Reading(where, "avoid", clean(banned["thing"])), general=True)
    kept = re.match(r"(?i)^you\s+(?:still\s+)?keep\s+(?P<verb>[a-z]+ing)\s+(?P<thing>[^,]+)", words)
    if kept is not None:
        thing = clean(REASON.sub("", kept["thing"]))
        if THIS.search(thing) or not is_style(infinitive(kept["verb"].lower()), thing):
            return None
        return Parsed(Reading(head_of(thing) or THIS_PROJECT, "avoid", f"{kept['verb'].lower()} {thing}"), general=True)
    none = re.match(
        r"(?i)^no\s+(?P<thing>[\w.()`-]+(?:\s+(?!without\b)[\w-]+){0,2}?)"
        r"(?P<unless>\s+without\s+[\w\s]{3,40})?(?:\s+(?:in|inside|for|on)\s+(?P<scope>[^,]{3,50}))?$",
        words,
    )
    if none is not None:
        within = none["scope"]
        if DEFINITE.search(within or "") or (within is None and scope is None and not none["thing"].endswith("s")):
            return None
        thing = clean(none["thing"] + (none["unless"] or ""))
        lasts = none["unless"] is not None or (within is not None and is_lasting_scope(within))
        return Parsed(Reading(sort_name(clean(within)) if within else scope or thing, "avoid", thing), general=lasts)
    found = _NEVER.match(words) or _DONT.match(words)
    if found is None or re.fullmatch(r"(?!need|feed|seed|embed|add)[a-z]+[^e\W]ed", found["verb"].lower()):
        return None  # "you never updated …" tells what happened
    if re.fullmatch(r"(?!focus|process|access|discuss|guess|miss|pass|press|use)[a-z]+[^s\W]s", found["verb"].lower()):
        return None  # "never returns" tells what a program does
    strong = _NEVER.match(words) is not None
    noun = re.match(r"(?i)^(?:please\s+)?(?:always\s+)?(?:avoid|no\s+more)\s+(?P<thing>(?![a-z]+ing\b).+)$", words)
    if noun is not None:
        thing = clean(REASON.sub("", noun["thing"]))
        if THIS.search(thing) or DEFINITE.search(thing):
            return None
        return Parsed(
            Reading(scope or topic_of(thing) or THIS_PROJECT, "avoid", thing), general=not re.match(r"(?i)an?\s", thing)
        )
    reason = REASON.search(found["thing"])
    verb, thing = (
        found["verb"].lower(),
        clean(_GOES_ON.split(REASON.sub("", found["thing"]), maxsplit=1)[0].split(", ", 1)[0]),
    )
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
        "with",
        "in",
        "on",
        "as",
        "by",
        "the",
        "a",
        "to",
        "just",
    ):
        return None
    doing = verb if verb.endswith("ing") else gerund(verb)
    stem = infinitive(verb) if verb.endswith("ing") else verb
    if found["how"]:
        doing = f"{found['how'].lower()} {doing}"
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
        which = re.match(
            r"(?i)^(?P<head>[\w-]+s)\s+(?:that|which)\s+(?:just\s+|only\s+)?(?P<verb>[a-z]+)\s+(?P<rest>.+)$", thing
        )
        if which is not None and stem in ("add", "write", "put", "include", "leave", "generate"):
            about, doing, thing = which["head"], gerund(which["verb"]), which["rest"]
        if scope is not None:
            subject = f"{about} in {scope}" if about and not re.match(r"\w+ing\b", scope) else scope
        else:
            subject = about or doing
            if stem in ("run", "execute") and about == thing:
                subject = "git" if thing.startswith("git ") else "commands"
        reading = Reading(subject, "avoid", f"{doing} {thing}".strip())
    return Parsed(
        reading,
        general=strong
        or (
            re.search(r"(?i),\s*we\s+(?:have|use|are|prefer|do)\b", found["thing"]) is not None
            and not DEFINITE.search(thing)
        )
        or (
            stem in ("explain", "apologize", "apologise", "summarize", "summarise", "repeat", "thank")
            and not DEFINITE.search(thing)
        )
        or (scoped and (is_general(scope or "") or is_lasting_scope(scope or "")))
        or re.search(
            r"(?i)\b(?:\b(?:files|anything|code)\s+(?:under|in|inside)\s+[\w.]*[/_][\w./]*$"
            r"|without\s+(?:asking|my|permission|approval|telling|checking|confirm)|unless\s+(?:i|we|asked|told))",
            thing,
        )
        is not None
        or (is_general(head_of(thing) or thing) and (reason is not None or is_style(stem, thing))),
    )
