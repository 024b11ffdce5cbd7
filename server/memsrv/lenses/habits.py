"""What is done each time: always, whenever, before committing; and how all things of a sort are to be.

One sentence (without what introduces it) in, a reading out.
"""

import re

from memsrv.lenses.claim import Reading
from memsrv.lenses.phrases import DEFINITE, REASON, THIS, Parsed, clean, gerund
from memsrv.lenses.sorts import is_lasting_scope

_ALWAYS = re.compile(
    r"^(?:(?:we|i|you)\s+(?:should\s+|must\s+)?)?(?:always|make\s+sure\s+to\s+always|(?:each|every)\s+time)"
    r"\s+(?P<verb>[a-z-]+)\s+(?P<thing>.+)$",
    re.IGNORECASE,
)

_RUN_BEFORE = re.compile(
    r"^(?:(?:always|we|you|you\s+(?:need|have)\s+to|you\s+should|you\s+must|i|please|make\s+sure\s+to)\s+)*(?:always\s+)?(?:run|call"
    r"|execute)\s+(?P<value>.+?)\s+(?P<when>before|after)\s+(?P<scope>(?:you\s+|each\s+|every\s+|any\s+|a\s+"
    r"|the\s+)?[\w-]+(?:\s+[\w-]+){0,4})$",
    re.IGNORECASE,
)

_BEFORE_RUN = re.compile(
    r"^(?P<when>before|after)\s+(?P<scope>(?:you\s+|each\s+|every\s+|any\s+|a\s+|the\s+)?[\w-]+(?:\s+[\w-]+)"
    r"{0,4}),?\s+(?:please\s+|you\s+(?:should|must)\s+|we\s+)?(?:always\s+)?(?:run|call|execute)\s+(?P<value"
    r">.+)$",
    re.IGNORECASE,
)

_ROUTINE = re.compile(
    r"(?i)^(?:(?:committing|pushing|merging|releasing|deploying)\b|(?:opening|creating|submitting|making)\s+an?\s+(?:pr|pull\s+request|merge\s+request|release)\b)"
)
_PLACED = frozenset("write name format import put store place log handle keep indent document commit save".split())

_DOES = frozenset(
    "update add run write bump check regenerate create include document ask notify rebuild restart commit "
    "use call put keep rebase squash "
    "test mock import export register validate log close open tag sign mention reference link start end "
    "list check show explain prefix wrap return answer reply".split()
)

_WHAT_IN = re.compile(r"(?i)^(?:only\s+)?(?:in|with|using|by)\s+(?P<value>[^,]+)$")

_CONVENTION = re.compile(
    r"(?i)^(?P<all>all\s+|every\s+|our\s+)?(?P<subject>(?:[\w-]+\s+){0,3}?(?P<noun>[\w-]+))\s+(?:must|should"
    r"|have\s+to|need\s+to|always)\s+(?:always\s+|only\s+)*"
    r"(?:(?:be\s+(?:\w+(?:ed|en|t)\s+)?(?:in|with|as)|be\s+(?:written|named|formatted|prefixed)|use|follow"
    r"|start\s+with|end\s+(?:in|with)|go\s+(?:in|into|to)|live\s+in)\s+(?P<value>[^,]+))$"
)

_CONVENTION_NOUNS = frozenset(
    "messages message names name branches branch tests dates timestamps times variables functions classes "
    "constants files imports errors logs docs docstrings "
    "comments migrations prs requests responses ids enums components commits endpoints routes fixtures "
    "tables columns amounts prices strings titles".split()
)


def checked(words: str, scope: str | None) -> Parsed | None:
    found = _RUN_BEFORE.match(words) or _BEFORE_RUN.match(words)
    if found is None:
        return None
    what = re.sub(r"(?i)^(?:you|each|every|any|a|the)\s+", "", found["scope"])
    what = re.sub(r"(?i)^(?:i|we)\s+", "", what)
    head, _, rest = what.partition(" ")
    if not head.endswith("ing") and found["scope"].lower().startswith("you "):
        what = " ".join([gerund(head), rest]).strip()
    each = re.match(r"(?i)(?:each|every|any)\s", found["scope"]) is not None
    if each and not what.split()[0].endswith("ing"):
        what = f"every {what}"
    reading = Reading(f"checks {found['when'].lower()} {what}", "use", clean(found["value"]))
    return Parsed(reading, general=each or what.split()[0].endswith("ing") or "commit" in what or "push" in what)


def always(words: str, scope: str | None) -> Parsed | None:
    kept = _CONVENTION.match(words)
    if (
        kept is not None
        and (kept["all"] or kept["noun"].lower() in _CONVENTION_NOUNS)
        and not DEFINITE.search(kept["subject"])
    ):
        value = clean(REASON.sub("", kept["value"]))
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
            Reading(clean(kept["subject"][0].lower() + kept["subject"][1:]), "use", value),
            general=(bool(kept["all"]) and "property" not in value) or sort,
        )
    named = re.match(
        r"(?i)^(?P<we>we\s+)?(?:always\s+)?(?:name|prefix)\s+(?P<subject>[\w-]+(?:\s+[\w-]+){0,3}?)\s+(?:with\s+|as\s+"
        r"|like\s+)?(?P<value>\S*[/<>_*-]\S*)$",
        words,
    )
    if named is not None and not DEFINITE.search(named["subject"]):
        return Parsed(Reading(clean(named["subject"]), "use", clean(named["value"])), general=named["we"] is not None)
    occasion = re.match(
        r"(?i)^(?P<when>before|after)\s+(?P<scope>(?:you\s+)?[a-z]+ing\s[^,]+?|you\s[^,]+?)(?:,?\s+(?:you\s+(?:must|should)\s+)?(?P<always>always)\s+|,\s+(?:please\s+)?)(?P<do>[a-z]+\s.+)$",
        words,
    )
    routine = occasion is not None and (occasion["always"] or _ROUTINE.match(occasion["scope"]))
    if occasion is not None and routine and not THIS.search(words):
        first = " first" if occasion["when"].lower() == "before" else ""
        done = clean(REASON.sub("", occasion["do"]))
        return Parsed(Reading(_doing(occasion["scope"]), "fix", f"{done}{first}"), general=True)
    found = _ALWAYS.match(words)
    if found is None:
        return _whenever(words, scope)
    verb, thing = found["verb"].lower(), clean(REASON.sub("", found["thing"]))
    if verb in ("be", "have", "has", "is", "was", "been", "get", "gets") or THIS.search(thing):
        return None
    if scope is not None:
        return Parsed(Reading(_doing(scope), "fix", f"{verb} {thing}"), general=True)
    how = _WHAT_IN.match(thing)
    if how is not None:
        about = "answers" if verb in ("answer", "reply", "respond") else gerund(verb)
        return Parsed(Reading(about, "use", clean(how["value"])), general=True)
    before = re.match(r"(?i)^before\s+(?P<scope>[^,]{3,60})$", thing)
    if before is not None and not THIS.search(before["scope"]):
        return Parsed(Reading(_doing(clean(before["scope"])), "fix", f"{verb} first"), general=True)
    after = re.match(r"(?i)^(?P<rest>.+?)\s+(?P<word>when|whenever|in|with|before)\s+(?P<scope>[^,]{3,60})$", thing)
    if after is None or THIS.search(after["scope"]):
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
    thing = clean(REASON.sub("", thing))
    return (
        Parsed(Reading(_doing(scope), "fix", f"{verb.lower()} {thing}"), general=is_lasting_scope(scope))
        if not THIS.search(thing)
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
