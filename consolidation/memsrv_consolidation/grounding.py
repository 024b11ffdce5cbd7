"""Whether words are borne out by other words: no name, number, path or identifier that the evidence does not hold.

Literal and strict: what cannot be found is not believed. It cannot tell a true sentence from a false one that is made
of the same words. No model.
"""

import re
from collections.abc import Iterable, Sequence

from memsrv.lenses.topics import topic_of

#: What may stand at the front or the end of a token and is not part of it.
_EDGES = " \t\n`'\"“”‘’«»()[]{}<>,;:!?…*"

#: Capitalised words that begin sentences and name nobody.
_OPENERS = frozenset(
    "a about absolutely according actually add after again ah aha all already also although always an and any "
    "anything are as ask at avoid based basically be because before besides both build but by call can certainly "
    "change check choose commit configure connect convention correct could currently definitely delete did do does "
    "don't done during each earlier either enter even every everybody everyone everything exactly existing false "
    "few fill find first fix for from fyi give go good got great had has have he heads hello hence here hey hi hmm "
    "honestly how however i i'd i'll i'm i've if in indeed install instead is it it'll it's its just keep last "
    "later leave less let let's like listen look make many may maybe merge more most move need neither never next "
    "nice no nobody nope normally not note nothing of oh ok okay on once one only open or otherwise our per perfect "
    "perhaps pick please point prefer previously push put quick read recall recalling remember remembering reminder "
    "rename replace right rule run running same save say see serving set she should simply since so some somebody "
    "someone sorry start still stop such sure switch take tell test tests thank thanks that that'll that's the "
    "their then there there's therefore these they they'd this those though thus to today tomorrow true try turn "
    "type typically under unless until use used using usually wait was we we'd we'll we've well were what what's "
    "whatever when whenever where wherever which while who whoever why will with without write wrong yeah yep yes "
    "yesterday you you'll you're you've your".split()
)
#: Names of tools that are everyday words first.
_EVERYDAY = frozenset("just make got black linear arrow fetch requests logging tap rye hatch nose bun attrs ky".split())
#: Words with a hyphen that are no identifiers.
_HYPHENATED = frozenset(
    "how-to follow-up set-up double-check up-to-date well-known built-in to-do day-to-day long-term short-term go-to "
    "re-run re-check so-called step-by-step one-off hand-off sign-off heads-up end-to-end on-call first-time".split()
)

#: Words that carry no meaning of their own in a subject or a value.
_PLAIN = frozenset(
    "a all an and any are as at be by do does failed failing fails for from have i in is it its my of on or our "
    "project that the their these this those to use used using we when where with you your".split()
)

_NEGATED = re.compile(
    r"(?i)\b(?:not|no|never|avoid|without|stop|don'?t|doesn'?t|isn'?t|aren'?t|wasn'?t|won'?t|can'?t|cannot|shouldn'?t"
    r"|mustn'?t|instead\s+of|rather\s+than|no\s+longer|ban(?:ned)?|forbid(?:den)?|deprecated|removed?|drop(?:ped)?)\b"
)
_CLAUSE = re.compile(r"(?i)[;:!?\n]|\.\s|,|\s[-–—]\s|\b(?:but|and|so|then)\b")


def specifics(text: str, openers: bool = True) -> list[str]:
    """Names, numbers, paths, identifiers and tools in `text`, each once, in their order.

    A capitalised word that opens a sentence may be a name or any word; with `openers` only common ones are not names.
    """
    found: dict[str, None] = {}
    opens = True  # whether the next word begins a sentence
    for word in re.split(r"[\s,;()\[\]{}<>\"“”«»]+", text):
        token = re.sub(r"(?<=\w)['’]s$", "", word.strip(_EDGES).rstrip("."))
        # A dash or an arrow between words names nothing.
        if re.search(r"\w", token) and _is_specific(token, "`" in word, opens, openers):
            found[token] = None
        if token or word:
            opens = word.rstrip("`'\"”)").endswith((".", "!", "?", ":"))
    return list(found)


def ungrounded(text: str, sources: Iterable[str], openers: bool = True) -> list[str]:
    """The specifics of `text` that stand nowhere in `sources`. Case does not count."""
    ground = "\n".join(sources).casefold()
    return [token for token in specifics(text, openers) if not _occurs(token.casefold(), ground)]


def unsaid(phrase: str, sources: Iterable[str]) -> list[str]:
    """The words of `phrase`, plain ones aside, that no source says; endings do not count (installs, installing)."""
    ground = "\n".join(sources).casefold()
    stems = {_stem(word) for word in re.findall(r"[a-z']+", ground)}
    missing = []
    for word in phrase.split():
        token = word.strip(_EDGES).rstrip(".").casefold()
        if not token or token in _PLAIN or _occurs(token, ground):
            continue
        if not re.fullmatch(r"[a-z']+", token) or _stem(token) not in stems:
            missing.append(token)
    return missing


def denied(phrase: str, quotes: Sequence[str]) -> bool:
    """Whether every quote that says `phrase` says no to it, in the same clause and before it."""
    token = " ".join(phrase.casefold().replace("`", "").split())
    verdicts = []
    for quote in quotes:
        said = " ".join(quote.casefold().replace("`", "").split())
        for found in re.finditer(rf"(?<!\w){re.escape(token)}(?!\w)", said):
            before = _CLAUSE.split(said[: found.start()])[-1]
            verdicts.append(_NEGATED.search(before) is not None)
    return bool(verdicts) and all(verdicts)


def warns(quotes: Iterable[str]) -> bool:
    """Whether one of `quotes` says no to anything."""
    return any(_NEGATED.search(quote) for quote in quotes)


def _is_specific(token: str, quoted: bool, opens: bool, openers: bool) -> bool:
    lowered = token.casefold()
    if quoted or (re.search(r"\d|[^\w\s'’-]|_|^-|\w-\w|[a-z][A-Z]|[A-Z]{2}", token) and lowered not in _HYPHENATED):
        return True
    if token[0].isupper() and token != "I" and not token.startswith("I'"):
        return not opens or (openers and lowered not in _OPENERS and re.search(r"(?:ing|ed|ly)$", lowered) is None)
    return lowered not in _EVERYDAY and topic_of(lowered) is not None


def _occurs(token: str, ground: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(token)}(?![\w])", ground) is not None


def _stem(word: str) -> str:
    for ending in ("ings", "ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
