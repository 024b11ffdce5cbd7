"""Preferences as sentences: from the human's words to use, avoid and replacement. One sentence in, readings out.

Knows the shapes of English instructions; whether they are meant to last is `scope`'s question.
"""

import re
from dataclasses import dataclass

from memsrv.lenses.claim import Reading
from memsrv.lenses.topics import topic_of, topic_of_doing

MAX_VALUE_WORDS = 14

_LEAD = re.compile(
    r"""(?ix)^\s*(?:(?:no(?:pe)?(?:\s(?:man|dude|bro))?(?=\s*[,;:.!–—-]|\s+(?:don'?t|do|use|it|it's|the|we|i|that|please|always|never|just|let)\b)|ok(?:ay)?|yes|yeah|yep|hey|hi|well|so|also|and|but|btw|fyi|please|pls|actually|wait|sorry
      |hmm+|again|once\sagain|remember(?:\sthat|\sto)?|note(?:\sthat)?|important|reminder|rule|convention|preference|decision|correction
      |one\smore\sthing|in\sgeneral|generally|as\sa\srule|as\s(?:i\s)?(?:said|told\syou)(?:\sbefore)?|i(?:'ve|\shave)?\s(?:already\s)?told\syou(?:\salready|\sbefore|\sto)*|keep\sin\smind(?:\sthat)?
      |for\sthe\srecord|to\sbe\sclear|from\snow\son|from\shere\son(?:\sout)?|going\sforward|in\s(?:the\s)?future|for\s(?:the\s)?future(?:\sreference)?
      |(?:in|for|on|across|throughout)\s(?:this|our)\s(?:whole\s|entire\s)?(?:project|repo(?:sitory)?|code\s?base|monorepo)
      |our\s(?:convention|policy|rule|standard|guideline)\s(?:is(?:\sthat|\sto)?)|the\s(?:convention|policy|rule|standard)(?:\shere)?\sis(?:\sthat|\sto)?
      |(?:can|could|would|will)\syou)(?:\s*[,:;!.–—-]+\s*|\s+))+"""
)
_TAIL = re.compile(
    r"""(?ix)(?:[\s,;–—-]*(?:please|pls|ok(?:ay)?|thanks?|thank\syou|instead|anymore|any\smore|from\snow\son|going\sforward|in\s(?:the\s)?future|here|everywhere
      |always|by\sdefault|at\sall|ever(?:\sagain)?|again|(?:in|for|on|across|throughout)\s(?:this|our|the)\s(?:whole\s|entire\s)?(?:project|repo(?:sitory)?|code\s?base|monorepo)
      |under\sany\scircumstances))*[\s.!?,;:)]*$"""
)
_REASON = re.compile(
    r"(?i)[,;]?\s+(?:because|since|so that|as (?:it|they|this|that|we)|otherwise|that way)\b.*$"
    r"|[,;:]\s+(?:it|they|these|those|this|that|we|which|and (?:it|they|we)|but|so|if|unless)\b.*$"
    r"|\s+[-–—]+\s+.*$|\s*\((?:it|they|because|since|see|e\.g|i\.e)[^)]*\)?.*$",
)
_NOT = r"(?:do\s+not|don'?t|don’t|never|do\s+not\s+ever|don'?t\s+ever)"
_STRONG_NOT = r"(?:never(?:,?\s+ever)?|don'?t\s+ever|do\s+not\s+ever|no\s+more|always\s+avoid|avoid|stop)"
_WE = r"(?:(?:we|i)\s+(?:should\s+|must\s+|always\s+|generally\s+|usually\s+|only\s+|strictly\s+|now\s+)*|you\s+(?:should|must)\s+(?:always\s+)?|let'?s\s+(?:always\s+)?|always\s+|only\s+|just\s+|better\s+)"
_USING = r"(?:use|prefer|stick\s+(?:to|with)|go\s+with|choose|follow|standardi[sz]e\s+on|rely\s+on|are\s+using|have\s+standardi[sz]ed\s+on|are\s+going\s+with|(?:have\s+)?(?:decided|agreed|settled)\s+(?:on|to\s+use|to\s+go\s+with)|(?:have\s+)?(?:switched|moved|migrated)(?:\s+from\s+\S+)?\s+to|(?:want|need)\s+to\s+use|would\s+rather\s+use|like\s+to\s+use)"
_SCOPE = re.compile(
    r"(?i)^(?P<word>when(?:ever)?|for|in|inside|on|while|with|before|after)\s+(?P<scope>[^,]{3,70}?),\s*(?P<rest>.+)$"
)
_SCOPE_AFTER = re.compile(
    r"(?i)^(?P<rest>.+?)\s+(?P<word>when(?:ever)?|for|in|inside|on|while)\s+(?P<scope>(?!general\b|order\b)[^,]{3,60})$"
)
_THIS = re.compile(
    r"(?i)\b(?:this|(?<!\w[se]\s)that|these|those|it|them|here|there|its|their|his|her|same|above|below|mine|yours)\b"
)

_REPLACE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{_NOT}\s+(?P<verb>use|call|import|run|mock|write|put|name|choose|install|set)\s+(?P<old>.+?)\s*(?:[,;:.!]|\s[-–—]+|\band\b|\bbut\b)?\s*(?:please\s+|always\s+|just\s+|rather\s+|instead,?\s+)*(?P=verb)\s+(?P<new>.+)$",
        rf"^{_NOT}\s+(?:use|call|import|run|choose|install)\s+(?P<old>.+?)\s*[,;:.!-]\s*(?:but|rather|instead(?:\s+use)?)\s+(?:use\s+)?(?P<new>.+)$",
        rf"^(?:{_WE})?{_NOT}\s+use\s+(?P<old>.+?)\s*[,;:.]\s*(?:but\s+)?(?:we\s+)?(?:always\s+)?use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?(?:use|call|import|run|write|{_USING})\s+(?P<new>.+?)\s*,?\s+(?:instead\s+of|rather\s+than|in\s+place\s+of|over|and\s+not|and\s+never|never|but\s+not|not)\s+(?P<old>.+)$",
        r"^(?:instead\s+of|rather\s+than)\s+(?:using\s+)?(?P<old>.+?),\s*(?:please\s+|always\s+)?(?:we\s+)?use\s+(?P<new>.+)$",
        rf"^(?:{_WE})?prefer\s+(?P<new>.+?)\s+(?:to|over)\s+(?P<old>.+)$",
    )
)
_GONE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?P<old>[`\w./@:()-]+)\s+(?:is|was|has\s+been|got)\s+(?:deprecated|removed|renamed|replaced|moved|dropped)(?:\s+(?:to|by|with|in\s+favou?r\s+of|into)\s+|[;,.:]\s*(?:please\s+)?use\s+|\s+and\s+(?:is\s+now|became)\s+)(?P<new>[`\w./@:()-]+)",
        r"^(?:there\s+is\s+no|there's\s+no)\s+(?P<old>[`\w./@:()-]+)(?:\s+(?:any\s?more|anymore|module|function|method|api|command|flag|option|package))*[;,.:]\s*(?:please\s+)?(?:use|it'?s(?:\s+called)?)\s+(?P<new>[`\w./@:()-]+)",
        r"^(?P<old>[`\w./@:()-]+)\s+(?:does\s+not|doesn'?t|no\s+longer)\s+exists?(?:\s+any\s?more)?[;,.:]\s*(?:please\s+)?(?:use|it'?s(?:\s+called)?(?:\s+now)?|it\s+is\s+now)\s+(?P<new>[`\w./@:()-]+)",
        r"^(?:rename|move|change)\s+(?:the\s+)?(?:[\w-]+\s+){0,6}?(?:from\s+)?(?P<old>[\w@.-]*/[\w./@-]+)\s+to\s+(?P<new>[\w@.-]*/[\w./@-]+)$",
    )
)
_USE = re.compile(rf"^(?P<strong>{_WE})?(?:{_USING})\s+(?P<value>.+)$", re.IGNORECASE)
_ALWAYS = re.compile(
    r"^(?:(?:we|i|you)\s+(?:should\s+|must\s+)?)?(?:always|make\s+sure\s+to\s+always|(?:each|every)\s+time)\s+(?P<verb>[a-z-]+)\s+(?P<thing>.+)$",
    re.IGNORECASE,
)
_RUN_BEFORE = re.compile(
    r"^(?:(?:always|we|you|you\s+should|you\s+must|i|please|make\s+sure\s+to)\s+)*(?:always\s+)?(?:run|call|execute)\s+(?P<value>.+?)\s+(?P<when>before|after)\s+(?P<scope>(?:you\s+|each\s+|every\s+|any\s+|a\s+|the\s+)?[\w-]+(?:\s+[\w-]+){0,4})$",
    re.IGNORECASE,
)
_BEFORE_RUN = re.compile(
    r"^(?P<when>before|after)\s+(?P<scope>(?:you\s+|each\s+|every\s+|any\s+|a\s+|the\s+)?[\w-]+(?:\s+[\w-]+){0,4}),?\s+(?:please\s+|you\s+(?:should|must)\s+|we\s+)?(?:always\s+)?(?:run|call|execute)\s+(?P<value>.+)$",
    re.IGNORECASE,
)
_NEVER = re.compile(
    rf"^(?:(?:we|i|you)\s+(?:should\s+|must\s+|want\s+to\s+)?)?(?:please\s+)?{_STRONG_NOT}\s+(?P<verb>[a-z-]+)\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)
_DONT = re.compile(
    rf"^(?:please\s+)?(?:{_NOT}|(?:you|we)\s+(?:should\s+not|shouldn'?t|must\s+not|mustn'?t|don'?t|do\s+not)(?:\s+be)?)\s+(?P<verb>[a-z-]+)\b\s*(?P<thing>.*)$",
    re.IGNORECASE,
)
_DONT_WANT = re.compile(
    r"^(?:we|i)\s+(?:do\s+not|don'?t|never)\s+(?:want|like|allow|accept|need)\s+(?P<thing>(?!to\b|you\b|it\b|that\b|this\b).+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reading, and whether its wording alone (`general`) already says that it is more than one task's instruction."""

    reading: Reading
    general: bool
    correcting: bool = False


def lead(sentence: str) -> str:
    """The words that introduce the sentence ("no,", "from now on", …); "" if none."""
    found = _LEAD.match(sentence)
    return found[0] if found else ""


def core(sentence: str) -> str:
    """The sentence without what introduces it, without politeness and closing marks."""
    bare = _LEAD.sub("", sentence.replace("’", "'"), count=1)
    return " ".join(_TAIL.sub("", bare).split())


def parse(sentence: str) -> Parsed | None:
    """The sentence as one reading, or None where the shape is not known."""
    words = core(sentence)
    scope, words = _scope(words)
    for attempt in (_before, _gone, _replacement, _avoid, _use, _always):
        found = attempt(words, scope)
        if found is not None:
            reading = found.reading
            if not reading.subject or not reading.value or _THIS.search(reading.subject):
                return None
            if len(reading.value.split()) > MAX_VALUE_WORDS or len(reading.subject.split()) > 10:
                return None
            return found
    return None


def _scope(words: str) -> tuple[str | None, str]:
    found = _SCOPE.match(words)
    if found is None or found["word"].lower() in ("before", "after") or _THIS.search(found["scope"]):
        return None, words
    scope = re.sub(r"(?i)^(?:you(?:'re|\sare)?|we(?:'re|\sare)?|i(?:'m|\sam)?)\s+", "", found["scope"])
    return clean(scope), _LEAD.sub("", found["rest"])


def _before(words: str, scope: str | None) -> Parsed | None:
    found = _RUN_BEFORE.match(words) or _BEFORE_RUN.match(words)
    if found is None:
        return None
    what = re.sub(r"(?i)^(?:you|each|every|any|a|the)\s+", "", found["scope"])
    what = re.sub(r"(?i)^(?:i|we)\s+", "", what)
    head, _, rest = what.partition(" ")
    if not head.endswith("ing") and found["scope"].lower().startswith("you "):
        what = " ".join([gerund(head), rest]).strip()
    reading = Reading(f"checks {found['when'].lower()} {what}", "use", clean(found["value"]))
    return Parsed(reading, general=what.split()[0].endswith("ing") or "commit" in what or "push" in what)


def _gone(words: str, scope: str | None) -> Parsed | None:
    for pattern in _GONE:
        found = pattern.match(words)
        if found is not None and (_is_name(found["old"]) and _is_name(found["new"])):
            return Parsed(Reading(clean(found["old"]), "replacement", clean(found["new"])), general=True)
    return None


def _replacement(words: str, scope: str | None) -> Parsed | None:
    for pattern in _REPLACE:
        found = pattern.match(words)
        if found is None:
            continue
        old, new = clean(_REASON.sub("", found["old"])), clean(_REASON.sub("", found["new"]))
        new = re.sub(r"\s+(?:which|that|who)\s.+$", "", new)
        verb = found.groupdict().get("verb")
        if verb is not None and verb.lower() not in ("use", "choose", "set", "install", "run", "call"):
            old, new = f"{gerund(verb.lower())} {old}", f"{gerund(verb.lower())} {new}"
        if scope is None:
            after = _SCOPE_AFTER.match(old)
            if after is not None and not _THIS.search(after["scope"]):
                old, scope = clean(after["rest"]), clean(after["scope"])
            elif (after := _SCOPE_AFTER.match(new)) is not None and len(new.split()) > 3:
                new, scope = clean(after["rest"]), clean(after["scope"])
        if not old or not new or _THIS.search(old) or _THIS.search(new) or len(old.split()) > 8:
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
        preferred = re.search(r"(?i)\bprefer\b", found[0][:12]) is not None
        return Parsed(
            Reading(subject, "replacement", new), general=preferred or (negated and _is_name(old)), correcting=True
        )
    return None


def _avoid(words: str, scope: str | None) -> Parsed | None:
    wanted = _DONT_WANT.match(words)
    if wanted is not None:
        thing = clean(_REASON.sub("", wanted["thing"]))
        if _THIS.search(thing):
            return None
        return Parsed(Reading(scope or _head(thing) or topic_of_doing("", thing), "avoid", thing), general=True)
    none = re.match(
        r"(?i)^no\s+(?P<thing>[\w-]+(?:\s+[\w-]+){0,2}?)(?:\s+(?:in|inside|for|on)\s+(?P<scope>[^,]{3,50}))?$", words
    )
    if none is not None:
        within = none["scope"]
        if _DEFINITE.search(within or "") or (within is None and scope is None and not none["thing"].endswith("s")):
            return None
        return Parsed(
            Reading(clean(within) if within else scope or none["thing"], "avoid", none["thing"]), general=False
        )
    found = _NEVER.match(words) or _DONT.match(words)
    if found is None:
        return None
    strong = _NEVER.match(words) is not None
    reason = _REASON.search(found["thing"])
    verb, thing = found["verb"].lower(), clean(_REASON.sub("", found["thing"]))
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
        after = _SCOPE_AFTER.match(thing)
        if (
            after is not None
            and after["word"].lower() in ("when", "whenever", "while", "in", "inside")
            and _is_general(after["scope"])
        ):
            thing, scope = clean(after["rest"]), clean(after["scope"])
    scoped = scope is not None
    if not thing and not scoped:
        return None
    if _THIS.search(thing) and not (scoped and re.search(r"\b(?:it|them)\b", thing)):
        return None
    if stem == "use":
        reading = Reading(scope or topic_of(thing) or topic_of_doing("use", thing), "avoid", thing)
    else:
        about = _head(thing)
        if scope is not None:
            subject = f"{about} in {scope}" if about and not scope.split()[0].endswith("ing") else scope
        else:
            subject = about or doing
        reading = Reading(subject, "avoid", f"{doing} {thing}".strip())
    return Parsed(
        reading,
        general=strong
        or (scoped and _is_general(scope or ""))
        or (_is_general(_head(thing) or thing) and (reason is not None or _is_style(stem, thing))),
    )


def _use(words: str, scope: str | None) -> Parsed | None:
    found = _USE.match(words)
    if found is None:
        return None
    value = clean(_REASON.sub("", found["value"]))
    if scope is None:
        after = re.match(r"(?i)^(?P<rest>.+?)\s+(?:for|when|whenever|in|to)\s+(?P<scope>[^,]{3,60})$", value)
        if after is not None and not _THIS.search(after["scope"]):
            value, scope = clean(after["rest"]), clean(after["scope"])
    value = re.sub(
        r"(?i)\s+(?:last\s+\w+|yesterday|recently|already|a\s+while\s+ago|since\s+.+|in\s+v?\d\S*)$", "", value
    )
    subject = scope or topic_of(value) or _sort_of(value)
    if subject is None or _THIS.search(value):
        return None
    return Parsed(Reading(subject, "use", value), general=False)


def _sort_of(value: str) -> str | None:
    """What a preferred thing is one of: small commits are commits."""
    known = topic_of_doing("", value)
    if known != "code":
        return known
    last = value.split()[-1]
    return last if re.fullmatch(r"[a-z][a-z-]{3,}s", last) and 2 <= len(value.split()) <= 4 else None


_HEAD = re.compile(
    r"(?i)^(?:(?:the|a|an|any|all)\s+)?(?P<head>[\w`@./-]+(?:\s+(?!(?:directly|straight|to|into|from|without)\b)[\w-]+){0,2}?)(?=\s+(?:to|in|into|on|onto|from|for|with|without|at|by|and|or|that|which|when|unless|via|as|under|over|after|before|directly|straight)\b|$)"
)


def _head(thing: str) -> str | None:
    """The object of a habit ("emojis" of "emojis and numbered lists"); None where there is none ("to main")."""
    found = _HEAD.match(thing)
    if (
        found is None
        or "/" in found["head"]
        or found["head"].lower().split()[0]
        in (
            "directly",
            "straight",
            "to",
            "in",
            "on",
            "into",
            "from",
            "for",
            "with",
            "without",
            "at",
            "by",
            "as",
            "after",
            "before",
            "anything",
            "everything",
            "any",
            "all",
        )
    ):
        return None
    return found["head"]


_PLACED = frozenset("write name format import put store place log handle keep indent document commit save".split())
_DOES = frozenset(
    "update add run write bump check regenerate create include document ask notify rebuild restart commit use call put keep rebase squash "
    "test mock import export register validate log close open tag sign mention reference link start end prefix wrap return answer reply".split()
)
_WHAT_IN = re.compile(r"(?i)^(?:only\s+)?(?:in|with|using|by)\s+(?P<value>[^,]+)$")
_CONVENTION = re.compile(
    r"(?i)^(?P<all>all\s+|every\s+|our\s+)?(?P<subject>(?:[\w-]+\s+){0,3}?(?P<noun>[\w-]+))\s+(?:must|should|have\s+to|need\s+to|always)\s+(?:always\s+|only\s+)*"
    r"(?:(?:be\s+(?:\w+(?:ed|en|t)\s+)?(?:in|with|as)|be\s+(?:written|named|formatted|prefixed)|use|follow|start\s+with|end\s+(?:in|with)|go\s+(?:in|into|to)|live\s+in)\s+(?P<value>[^,]+))$"
)
_CONVENTION_NOUNS = frozenset(
    "messages message names name branches branch tests dates timestamps times variables functions classes constants files imports errors logs docs docstrings "
    "comments migrations prs requests responses ids enums components commits endpoints routes fixtures tables columns amounts prices strings titles".split()
)


def _always(words: str, scope: str | None) -> Parsed | None:
    kept = _CONVENTION.match(words)
    if (
        kept is not None
        and (kept["all"] or kept["noun"].lower() in _CONVENTION_NOUNS)
        and not _DEFINITE.search(kept["subject"])
    ):
        value = clean(_REASON.sub("", kept["value"]))
        sort = kept["subject"].lower().split()[0] in (
            "commit",
            "branch",
            "test",
            "tests",
            "dates",
            "timestamps",
            "feature",
        )
        return Parsed(
            Reading(clean(kept["subject"][0].lower() + kept["subject"][1:]), "use", value), general=bool(kept["all"]) and "property" not in value or sort
        )
    named = re.match(
        r"(?i)^(?:always\s+)?(?:name|prefix)\s+(?P<subject>[\w-]+(?:\s+[\w-]+){0,3}?)\s+(?:with\s+|as\s+|like\s+)?(?P<value>\S*[/<>_*-]\S*)$",
        words,
    )
    if named is not None and not _DEFINITE.search(named["subject"]):
        return Parsed(Reading(clean(named["subject"]), "use", clean(named["value"])), general=False)
    found = _ALWAYS.match(words)
    if found is None:
        return _whenever(words, scope)
    verb, thing = found["verb"].lower(), clean(_REASON.sub("", found["thing"]))
    if verb in ("be", "have", "has", "is", "was", "been", "get", "gets") or _THIS.search(thing):
        return None
    if scope is not None:
        return Parsed(Reading(_doing(scope), "fix", f"{verb} {thing}"), general=True)
    how = _WHAT_IN.match(thing)
    if how is not None:
        return Parsed(Reading(gerund(verb), "use", clean(how["value"])), general=True)
    after = re.match(r"(?i)^(?P<rest>.+?)\s+(?P<word>when|whenever|in|with|before)\s+(?P<scope>[^,]{3,60})$", thing)
    if after is None or _THIS.search(after["scope"]):
        return None
    rest, word, scope = clean(after["rest"]), after["word"].lower(), clean(after["scope"])
    if word in ("in", "with"):
        return Parsed(Reading(rest, "use", scope), general=True) if verb in _PLACED else None
    first = " first" if word == "before" else ""
    return Parsed(Reading(_doing(scope), "fix", f"{verb} {rest}{first}"), general=True)


def _whenever(words: str, scope: str | None) -> Parsed | None:
    """ "Whenever you add an endpoint, update docs/api.md": a habit told by its occasion."""
    verb, _, thing = words.partition(" ")
    if scope is None or verb.lower() not in _DOES or not thing:
        return None
    thing = clean(_REASON.sub("", thing))
    return (
        Parsed(Reading(_doing(scope), "fix", f"{verb.lower()} {thing}"), general=False)
        if not _THIS.search(thing)
        else None
    )


def _doing(scope: str) -> str:
    """An occasion as a phrase: "you add an endpoint" and "adding an endpoint" are one."""
    words = re.sub(r"(?i)^(?:you|we|i)\s+", "", scope).split(" ")
    if words[0].lower() in _DOES | {
        "change",
        "touch",
        "edit",
        "fix",
        "rename",
        "remove",
        "delete",
        "merge",
        "push",
        "deploy",
        "release",
        "refactor",
        "modify",
    }:
        words[0] = gerund(words[0].lower())
    return " ".join(words)


def clean(words: str) -> str:
    """A phrase without its frame: closing marks, politeness, backticks, quotes."""
    bare = _TAIL.sub("", " ".join(words.split())).strip(" ,;:-–—")
    ticked = bare.startswith("`")
    if bare.count("(") > bare.count(")"):
        bare += ")"
    bare = re.sub(r"(?<!\S)@(?=\.{0,2}/)", "", bare)
    bare = re.sub(r"`([^`]*)`", r"\1", bare).replace("`", "")
    bare = re.sub(r"^(['\"])(.*)\1$", r"\2", bare)
    if ticked:  # `just release` is a command
        return bare.strip()
    return re.sub(r"(?i)^(?:just|please|always|only|the\s+following)\s+", "", bare).strip()


_DOUBLED = frozenset(
    "run put get set stop wrap plan drop log skip let submit commit begin ship swap strip pin tag patch-up squat cut hit".split()
)


def gerund(verb: str) -> str:
    if verb in _DOUBLED and verb[-1] not in "aeiouwxy":
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")):
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


def infinitive(doing: str) -> str:
    stem = doing[:-3]
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[:-1] in _DOUBLED:
        return stem[:-1]
    return (
        stem + "e"
        if stem + "e"
        in {
            "use",
            "write",
            "make",
            "create",
            "leave",
            "generate",
            "delete",
            "change",
            "remove",
            "rename",
            "release",
            "merge",
            "rebase",
            "hardcode",
            "squash",
        }
        else stem
    )


def _is_name(words: str) -> bool:
    """Whether a phrase names one thing in code: in backticks, or with a sign, digit or capital that prose lacks."""
    bare = words.strip()
    return len(bare.split()) <= 3 and (
        bare.startswith("`") or topic_of(bare) is not None or re.search(r"[_./@()-]|\d|[a-z][A-Z]", bare) is not None
    )


_DEFINITE = re.compile(r"(?i)\b(?:the|this|that|these|those|my|your|his|its|current|existing|new|previous)\b")


def _is_general(words: str) -> bool:
    """Whether a phrase speaks of a sort of thing, not of one thing at hand."""
    if re.fullmatch(r"[A-Z][A-Za-z+#.]+", words):  # a language or a product
        return True
    return (
        not _DEFINITE.search(words)
        and re.search(r"(?i)(?:s|ing|code|style|documentation|production|ci|main|master)\b", words) is not None
    )


def _is_style(verb: str, thing: str) -> bool:
    """Adding, writing or committing a sort of thing: a habit, not a step of a task."""
    habit = verb in {
        "add",
        "write",
        "use",
        "put",
        "include",
        "create",
        "leave",
        "generate",
        "insert",
        "wrap",
        "commit",
        "push",
        "mock",
        "hardcode",
        "introduce",
        "make",
    }
    first = thing.split(" ", 1)[0].lower() if thing else ""
    return (
        habit
        and first not in {"a", "an", "any"}
        and re.search(r"(?i)^(?:[\w-]+\s){0,2}[\w-]{2,}s\b", thing) is not None
        and not re.search(r"[`_(]", thing)
    )
