"""Corrections as people type them to an agent in a hurry: terse, about a sort of thing, without "always" or "never".

One sentence (without what introduces it) in. Closed lists of what is style: no word of a task's own things is here.
"""

import re

from memsrv.lenses.claim import Reading
from memsrv.lenses.phrases import DEFINITE, REASON, THIS, Parsed, clean, gerund
from memsrv.lenses.sorts import is_sort
from memsrv.lenses.topics import topic_of

_NOT = r"(?:do\s+not|don'?t|never|stop|no\s+more)"
#: Things that are in code or in answers because somebody likes them there.
STYLE = (
    r"(?:(?:inline|code|obvious|redundant|trailing|leading|explanatory|useless|extra|single|double|nested"
    r"|one-letter|single-letter|default|named"
    r"|relative|absolute|wildcard|star|barrel|magic|force|merge|type|print|debug|verbose|long|unnecessary|early"
    r"|guard|arrow|functional|class"
    r"|placeholder|markdown|summary|readme|backwards?[\s-]compatib\w+|`?any`?|f-|iso|conventional|filler"
    r"|marketing)[\s-]*){0,2}"
    r"(?:comments?|docstrings?|emojis?|imports?|exports?|ternaries|quotes|numbers|strings|pushes|commits|styles"
    r"|types|hints|annotations|casts"
    r"|globals|singletons|mocks|semicolons|commas|dashes|em-dashes|statements|logs|prints|returns|clauses"
    r"|abbreviations|acronyms|loops|files"
    r"|components|functions|hyphens|bullet\s+points|bullets|headings|apologies|placeholders|summaries|dates"
    r"|variable\s+names|names|shims|fallbacks"
    r"|try[/\s-]*(?:except|catch)(?:\s+blocks)?|exceptions|suffixes|prefixes)"
)
_STYLE_ONLY = re.compile(
    r"(?i)^(?:(?:inline|obvious|redundant|trailing|single|double|nested|one-letter|single-letter|default|named"
    r"|relative|absolute|wildcard"
    r"|star|barrel|magic|force|merge|type|print|debug|early|guard|arrow|functional|class|iso|conventional"
    r"|`?any`?)[\s-]+)"
    rf"+{STYLE}$|^(?:emojis?|comments|docstrings|f-strings|semicolons|trailing\s+commas|em[\s-]dashes|mocks"
    r"|console\.logs?)$"
)
_CODE = r"(?:`[^`]+`|(?=\S*[A-Za-z])(?=\S*(?:[_.(/@]|(?-i:[a-z][A-Z])))[\w@./:()-]*\w(?:\(\)?)?)"
_FILE = re.compile(
    r"(?i)^[\w/.-]+\.(?:py|tsx?|jsx?|go|rs|java|rb|php|md|json|ya?ml|toml|css|html|sh|c|h|cpp|txt|sql|vue)$"
)
_CODE_FOR_CODE = re.compile(
    rf"(?i)^(?:use|call|import|prefer)\s+(?P<new>{_CODE}(?:\s+and\s+(?:`[^`]+`|{_CODE}))?),?\s+(?:and\s+)?(?:not"
    r"|instead\s+of|rather\s+than)\s+"
    rf"(?P<old>{_CODE})$"
)
_JUST = re.compile(
    rf"(?i)^{_NOT}\s+(?:use|call|import)\s+(?P<old>{_CODE}),\s*(?:but\s+)?(?:just|only"
    rf"|simply)\s+(?:use\s+)?(?P<new>{_CODE}(?:\s+with\s+\S+)?)$"
)
_MOCKED = r"(?:mock|stub|patch|fake|monkeypatch)"
_INSTEAD_OF_DOING = re.compile(
    r"(?i)^(?:instead\s+of|rather\s+than)\s+(?P<doing>(?:mock|stub|patch|fak|monkeypatch|us|call|import|hardcod"
    r"|runn)ing)\s+(?P<old>[^,]{2,60}),\s*"
    r"(?:please\s+|just\s+|always\s+)*(?P<verb>[a-z]+)\s+(?P<new>[^,]{2,60})$"
)
_DIRECTLY = re.compile(
    rf"(?i)^(?:use|run|call)\s+(?P<new>[^,]{{2,50}}?),?\s+(?:instead\s+of|rather\s+than|not)\s+(?:(?:calling"
    r"|running|using)\s+)?(?P<old>\S+)\s+directly$"
    rf"|^{_NOT}\s+(?:use|call|run)\s+(?P<old2>\S+(?:\s\S+)?)\s+directly[,;.]\s*(?:please\s+|always\s+)*(?:use"
    rf"|run|call)\s+(?P<new2>[^,]{{2,50}})$"
)
_TASKED = re.compile(
    r"(?i)^(?:use|run)\s+(?P<new>`?(?:make|just|npm\s+run|pnpm|yarn|bun\s+run|uv\s+run|poetry\s+run|task|nx|tox"
    r"|nox)\s+[\w:./-]+`?),?\s+"
    r"(?:instead\s+of|rather\s+than|not)\s+(?P<old>`?[\w.-]+`?)$"
)
_WE_USE = re.compile(
    r"(?i)^we\s+(?:all\s+|only\s+|now\s+)*(?:use|are\s+using"
    r"|are\s+on)\s+(?P<new>`?[\w.@/+-]+`?(?:\s[\w.-]+)?),?\s+(?:and\s+)?(?:not|instead\s+of|rather\s+than)\s+"
    r"(?P<old>`?[\w.@/+-]+`?(?:\s[\w.-]+)?)$"
)
_STYLED = re.compile(
    r"(?i)^(?:use|prefer)\s+(?P<new>(?:the\s+)?[\w\s-]{2,30}?),?\s+(?:instead\s+of|rather\s+than|not"
    r"|over)\s+(?P<old>nested\s+\w+s|prints?|console\.logs?|(?:print|debug)\s+statements)$"
)


def corrected(words: str, scope: str | None) -> Parsed | None:
    """ "use logger.info() not print()": one name in code for another, one way for another."""
    if THIS.search(words):
        return None
    for shape in (_JUST, _CODE_FOR_CODE, _DIRECTLY, _TASKED, _WE_USE, _STYLED):
        found = shape.match(words)
        if found is None:
            continue
        parts = found.groupdict()
        old, new = clean(parts["old"] or parts["old2"] or ""), clean(parts["new"] or parts["new2"] or "")
        named = shape in (_JUST, _CODE_FOR_CODE)
        if not old or not new or old == new or (named and (_FILE.match(old) or _FILE.match(new))):
            return None
        if shape is _WE_USE and (DEFINITE.search(words) or re.match(r"(?i)(?:an?|one|some)\b", new)):
            return None
        if shape is _TASKED and topic_of(old) is None:
            return None
        both = topic_of(new)
        if both is not None and both == topic_of(old):
            return Parsed(Reading(both, "use", new), general=True, correcting=True)
        subject = f"{old} for {scope}" if scope else old
        return Parsed(Reading(subject, "replacement", new), general=True, correcting=True)
    return _instead_of_doing(words)


def _instead_of_doing(words: str) -> Parsed | None:
    """ "Instead of mocking the client, mock the transport"."""
    found = _INSTEAD_OF_DOING.match(words)
    if found is None:
        return None
    doing, verb = found["doing"].lower(), found["verb"].lower()
    old, new = clean(REASON.sub("", found["old"])), clean(REASON.sub("", found["new"]))
    fakes = re.match(rf"(?i){_MOCKED}|fak", doing) is not None
    if gerund(verb) != doing and not (fakes and verb == "use"):
        return None
    if not fakes and (DEFINITE.search(old) or not re.search(_CODE, old)):
        return None
    new = new if verb == "use" else f"{gerund(verb)} {new}"
    return Parsed(
        Reading(f"{doing} {old}" if doing != "using" else old, "replacement", new), general=True, correcting=True
    )


_UNLESS = re.compile(
    rf"(?i)^(?:please\s+)?{_NOT}\s+(?!forget|worry|bother|mind|stop)[a-z]+\b.*\b(?:unless\s+(?:(?:strictly"
    r"|absolutely|really)\s+)?(?:necessary|needed|required)"
    r"|unless\s+i\s+(?:explicitly\s+)?(?:ask|say|tell|approve|request)\b.*"
    r"|without\s+(?:first\s+)?(?:asking|my\s+(?:explicit\s+)?(?:permission|approval|consent|ok))(?:\s+(?:me"
    r"|first))*)$"
)
_WORKS = re.compile(
    r"(?i)\b(?:creat|add|install|commit|push|modif|chang|edit|touch|delet|remov|writ|run|us|refactor|renam|mov"
    r"|introduc"
    r"|upgrad|start|publish|deploy|merg|read|open|rummag|generat)(?:e|y|ing|ning|ting)?\b"
)
_STYLE_HABIT = re.compile(
    rf"(?i)^(?:please\s+)?{_NOT}\s+(?:add|writ|us|put|leav|creat|includ|generat|insert)(?:e|ing"
    rf"|ting)?\s+{STYLE}(?:\s+(?:that|which|to|in|for|around|when|about|on)\s+\S.*)?$"
)
_YOURSELF = re.compile(
    rf"(?i)^(?:please\s+)?{_NOT}\s+(?:run|do|make|start|push|commit|deploy|merge|release|publish"
    r"|tag)\b[\w\s]*\s(?:yourself|on\s+your\s+own)$"
)
_OWN = (
    r"(?:git(?:\s+\w+)?|commits?|pushes|pushing|committing|deploys|deploying|deployments?|releases?|releasing|merging"
    r"|(?:the\s+)?dev\s+server)"
)
_MINE = re.compile(
    r"(?i)^i(?:'ll|\s+will)?\s+(?:always\s+)?(?:run|do|make|handle|start|manage|take\s+care\s+of)\s+(?:the\s+"
    rf"|all\s+)*{_OWN}\s+(?:by\s+)?myself$"
    rf"|^leave\s+(?:the\s+|all\s+)*{_OWN}\s+to\s+me$"
)
_ELIDED = re.compile(
    rf"(?i)^(?:please\s+)?{_NOT}\s+(?:elid|omit|truncat|abbreviat|shorten|abridg)(?:e|t?ing)?\s+(?:any\s+"
    r"|the\s+)?(?:code|output|lines|snippets|names|parts|words|identifiers)\b"
)
_ONE_PER = re.compile(
    r"(?i)^(?:only\s+)?(?:one|a\s+single)\s+(?:\w+\s)?(?:component|class|test|assert(?:ion)?|commit|feature"
    r"|change|function|concern|export|statement|type|model|migration|import|hook)\s+per\s+(?:file|module"
    r"|package|folder|commit|pr|pull\s+request|test|line)$"
)
_PUT = re.compile(
    r"(?i)^(?:always\s+)?(?:put|place|keep|define|declare)\s+(?:all\s+|your\s+)?(?P<subject>[\w-]+s"
    r"|[\w-]+\s[\w-]+s)\s+(?:in|at|inside|under|next\s+to|beside)\s+[^,]+,?\s+"
    r"(?:and\s+)?(?:not|never)\s+\S.*$"
)
_ASK = re.compile(
    r"(?i)^(?:always\s+)?(?:ask|check\s+with|consult|confirm\s+with)\s+(?:me\s+"
    r"|us\s+)(?:first\s+)?before\s+(?:you\s+)?(?P<doing>(?!continu|proceed)(?:[a-z]+ing|(?<=you\s)[a-z]+)\s+\S.*)$"
)
_VERBOSE = re.compile(r"(?i)^(?:be\s+)?(?:less\s+(?:verbose|chatty|wordy)|more\s+(?:concise|terse|brief))$")
_ONLY_STYLE = re.compile(
    r"(?i)^(?:(?P<no>no|avoid)|use|prefer)\s+(?P<thing>[\w`./-]+(?:\s[\w`-]+){0,2}?)"
    r"(?:\s+in\s+(?:the\s+)?(?:code|tests|docs|commits?|comments))?$"
)


def is_correction(words: str) -> bool:
    """Whether words that no reading fits are such a correction all the same."""
    if THIS.search(words):
        return False
    put = _PUT.match(words)
    if put is not None:
        return is_sort(put["subject"]) and not DEFINITE.search(put["subject"])
    asked = _ASK.match(words)
    if asked is not None:
        return not DEFINITE.search(asked["doing"])
    habit = (_UNLESS.match(words) if _WORKS.search(words) else None) or _STYLE_HABIT.match(words)
    if habit is not None:
        return not re.search(
            r"(?i)\b(?:the|my|your)\s+(?!(?:code|project|user|developer|function|commit|repo)\b)", words
        )
    styled = _ONLY_STYLE.match(words)
    if styled is not None and _STYLE_ONLY.match(styled["thing"]):
        return styled["no"] is not None or not re.fullmatch(r"(?i)\w+|em[\s-]dashes", styled["thing"])
    return any(shape.match(words) is not None for shape in (_YOURSELF, _MINE, _ELIDED, _ONE_PER, _VERBOSE))
