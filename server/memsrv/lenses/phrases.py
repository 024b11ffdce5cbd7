"""The words that instructions are made of: what introduces them, their occasion, their object, how general they are.

Knows phrases only; `grammar` and `habits` know the sentences.
"""

import re
from dataclasses import dataclass

from memsrv.lenses.claim import Reading
from memsrv.lenses.topics import topic_of, topic_of_doing

LEAD = re.compile(
    r"""(?ix)^\s*(?:(?:no(?:pe)?(?:\s(?:man|dude|bro))?(?=\s*[,;:.!–—-]|\s+(?:don'?t|do|use|it|it's|the|we|i|that|please|always|never|just|let)\b)|ok(?:ay)?|yes|yeah|yep|hey|hi|well|so|also|and|but|btw|fyi|please|pls|actually|wait|sorry
      |hmm+|again|once\sagain|remember(?:\sthat|\sto)?|note(?:\sthat)?|important|reminder|rule|convention|preference|decision|correction
      |one\smore\sthing|in\sgeneral|generally|as\sa\srule|i\s(?:already\s)?said(?:\salready)?|as\s(?:i\s)?(?:said|told\syou)(?:\sbefore)?|i(?:'ve|\shave)?\s(?:already\s)?(?:told|asked)\syou(?:\salready|\sbefore|\sto|\s(?:two|three|four|five|many|several|\d+)\stimes|\snow|\sagain)*|for\sthe\s(?:last|hundredth|third|tenth)\stime|(?:please\s)?(?:don'?t|do\snot)\sforget(?:\sthat)?(?=\s*[:,]|\s(?:the|we|our|that)\b)|that(?:'s|\sis)\s(?:wrong|not\s(?:right|correct|true))|that\s+is\s+incorrect|wrong|keep\sin\smind(?:\sthat)?
      |for\sthe\srecord|to\sbe\sclear|from\snow\son|from\shere\son(?:\sout)?|going\sforward|in\s(?:the\s)?future|for\s(?:the\s)?future(?:\sreference)?
      |(?:in|for|on|across|throughout)\s(?:this|our)\s(?:whole\s|entire\s)?(?:project|repo(?:sitory)?|code\s?base|monorepo)
      |our\s(?:convention|policy|rule|standard|guideline)\s(?:is(?:\sthat|\sto)?)|the\s(?:convention|policy|rule|standard)(?:\shere)?\sis(?:\sthat|\sto)?
      |(?:can|could|would|will)\syou)(?:\s*[,:;!.–—-]+\s*|\s+))+"""
)

_TAIL = re.compile(
    r"""(?ix)(?:[\s,;–—-]*(?<![a-z])(?:please|pls|ok(?:ay)?|thanks?|thank\syou|instead|anymore|any\smore|from\snow\son|going\sforward|in\s(?:the\s)?future|here|(?:in|for)\s(?:this|our)\s(?:api|app|service|backend|frontend|system|team|company)|everywhere|anywhere
      |always|by\sdefault|at\sall|ever(?:\sagain)?|again|(?:in|for|on|across|throughout)\s(?:this|our|the)\s(?:whole\s|entire\s)?(?:project|repo(?:sitory)?|code\s?base|monorepo)
      |under\sany\scircumstances))*[\s.!?,;:)]*$"""
)

REASON = re.compile(
    r"(?i)[,;]?\s+(?:because|since|so that|as (?:it|they|this|that|we)|otherwise|that way)\b.*$"
    r"|[,;:]\s+(?:it|they|these|those|this|that|we|which|and (?:it|they|we)|but|so|if|unless)\b.*$"
    r"|\s+[-–—]+\s+.*$|\s*\((?:it|they|because|since|see|e\.g|i\.e)[^)]*\)?.*$",
)

_SHORT = tuple(
    (re.compile(rf"(?i)\b{short}\b"), long)
    for short, long in (
        ("dont", "don't"), ("doesnt", "doesn't"), ("shouldnt", "shouldn't"), ("isnt", "isn't"), ("wont", "won't"),
        ("cant", "can't"), ("we're", "we are"), ("pls|plz|plese", "please"), ("im", "I'm"),
        ("allways|alway", "always"), ("nver|neve", "never"),
        ("w/o", "without"),
    )
)  # fmt: skip

_SCOPE = re.compile(
    r"(?i)^(?P<word>when(?:ever)?|for|in|inside|on|while|with|before|after)\s+(?P<scope>[^,]{3,70}?),\s*(?P<rest>.+)$"
)

SCOPE_AFTER = re.compile(
    r"(?i)^(?P<rest>.+?)\s+(?P<word>when(?:ever)?|for|in|inside|on|while)\s+(?P<scope>(?!general\b|order\b)[^,]{3,60})$"
)

THIS = re.compile(
    r"(?i)\b(?:this|(?<!\w[se]\s)that|these|those|it|them|here|there|its|their|his|her|same|above|below|mine|yours)\b"
)

DEFINITE = re.compile(r"(?i)\b(?:the|this|that|these|those|my|your|his|its|current|existing|new|previous)\b")

_HEAD = re.compile(
    r"(?i)^(?:(?:the|a|an|any|all)\s+)?(?P<head>[\w`@./-]+(?:\s+(?!(?:directly|straight|to|into|from"
    r"|without)\b)[\w-]+){0,2}?)(?=\s+(?:to|in|into|on|onto|from|for|with|without|at|by|and|or|that|which"
    r"|when|unless|via|as|under|over|after|before|directly|straight)\b|$)"
)

_SORTS = re.compile(
    r"(?i)\b(?:commit|error|log)\s+messages?|(?:variable|branch|file|function|class)\s+names?|type\s+hints?\b"
)

_DOUBLED = frozenset(
    "run put get set stop stub wrap plan drop log skip let submit commit begin ship swap strip pin tag "
    "patch-up squat cut hit".split()
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reading, and whether its wording alone (`general`) already says that it is more than one task's instruction."""

    reading: Reading
    general: bool
    correcting: bool = False


def core(sentence: str) -> str:
    """The sentence without what introduces it, without politeness and closing marks."""
    bare = LEAD.sub("", _spelled(sentence), count=1)
    return " ".join(_TAIL.sub("", bare).split())


def _spelled(sentence: str) -> str:
    """The contractions of people in a hurry, spelled out: "dont", "pls"."""
    words = sentence.replace("’", "'")
    for short, long in _SHORT:
        words = short.sub(long, words)
    return words


def occasion_of(words: str) -> tuple[str | None, str]:
    found = _SCOPE.match(words)
    if (
        found is None
        or found["word"].lower() in ("before", "after")
        or THIS.search(found["scope"])
        or " use " in found["scope"]
        or (found["word"].lower() == "for" and re.match(r"(?i)(?:all|each|every)\s.*[\w]/", found["scope"]) is not None)
    ):
        return None, words
    scope = re.sub(r"(?i)^(?:you(?:'re|\sare)|we(?:'re|\sare)|i(?:'m|\sam))\s+", "", found["scope"])
    doing = re.match(r"(?i)^(?:you|we|i)\s+(?P<verb>[a-z]+)(?P<rest>.*)$", scope)
    if doing is not None:
        scope = gerund(doing["verb"].lower()) + doing["rest"]
    return clean(scope), LEAD.sub("", found["rest"])


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


def sort_of(value: str) -> str | None:
    """What a preferred thing is one of: small commits are commits, short commit messages are commit messages."""
    named = _SORTS.search(value)
    if named is not None:
        return named[0].lower()
    known = topic_of_doing("", value)
    if known != "code":
        return known
    last = value.split()[-1]
    return last if re.fullmatch(r"[a-z][a-z-]{3,}s", last) and 2 <= len(value.split()) <= 4 else None


def head_of(thing: str) -> str | None:
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


def is_name(words: str) -> bool:
    """Whether a phrase names one thing in code: in backticks, or with a sign, digit or capital that prose lacks."""
    bare = words.strip()
    return len(bare.split()) <= 3 and (
        bare.startswith("`") or topic_of(bare) is not None or re.search(r"[_./@()-]|\d|[a-z][A-Z]", bare) is not None
    )


def is_general(words: str) -> bool:
    """Whether a phrase speaks of a sort of thing, not of one thing at hand."""
    if re.fullmatch(r"[A-Z][A-Za-z+#.]+", words):  # a language or a product
        return True
    return (
        not DEFINITE.search(words)
        and re.search(r"(?i)^(?:any|every|some|no)thing\b", words) is None
        and re.search(r"(?i)(?:s|ing|code|style|documentation|production|ci|main|master)\b", words) is not None
    )


def is_style(verb: str, thing: str) -> bool:
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
        "catch",
        "swallow",
        "abbreviate",
        "make",
    }
    first = thing.split(" ", 1)[0].lower() if thing else ""
    return (
        habit
        and first not in {"a", "an", "any", "other", "another", "further"}
        and re.search(r"(?i)^(?:[\w-]+\s){0,2}[\w-]{2,}s\b", thing) is not None
        and not re.search(r"[`_(]", thing)
    )
