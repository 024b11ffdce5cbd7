"""The sorts of things that people have conventions about: tests, dates, commit messages; and the languages they name.

Closed lists. `in Python files` names a sort and lasts; `in parser.py`, `in the sidebar` or `in this file` names one
thing at hand and does not.
"""

import re

LANGUAGES = (
    r"(?:python|typescript|javascript|js|jsx|ts|tsx|go|golang|rust|java|kotlin|swift|ruby|php|c\+\+|c\#|sql|css|scss|html"
    r"|bash|shell|react|vue|svelte|yaml|json|toml|markdown|elixir|scala|terraform|clojure|haskell|zig|lua|dart|erlang|ocaml"
    r"|graphql|protobuf)"
)
TONGUES = (
    r"(?:(?:british\s+|american\s+|us\s+|uk\s+)?english|german|french|spanish|italian|portuguese|dutch|polish|russian"
    r"|ukrainian|turkish|japanese|chinese|korean|swedish|danish|norwegian|finnish|czech|hungarian|greek|hebrew|arabic|hindi)"
)
_NOUNS = (
    r"(?:tests?|specs?|fixtures?|mocks?|docs?|documentation|docstrings?|comments?|commits?|messages?|names?|branch(?:es)?"
    r"|prs?|pull\srequests?|merge\srequests?|mrs?|functions?|methods?|class(?:es)?|modules?|variables?|constants?|types?"
    r"|interfaces?|enums?|imports?|exports?|errors?|exceptions?|logs?|logging|log\slines?|dates?|times?|timestamps?|datetimes?"
    r"|durations?|timeouts?|retries|migrations?|schemas?|tables?|columns?|quer(?:y|ies)|endpoints?|routes?|urls?|paths?"
    r"|ids?|keys?|env\svars?|files?|filenames?|folders?|packages?|dependenc(?:y|ies)|components?|hooks?|props|styles?|styling"
    r"|amounts?|prices?|money|currenc(?:y|ies)|strings?|code|answers?|repl(?:y|ies)|explanations?|responses?|summar(?:y|ies)"
    r"|releases?|tags?|versions?|changelogs?|changelog\sentries|readmes?|scripts?|configs?|secrets?|indentation|formatting"
    r"|naming|quotes?|spelling|features?|feature\sflags?|tickets?|issues?|requests?|payloads?|fields?|identifiers?|titles?"
    r"|templates?|snapshots?|assertions?|services?|handlers?|controllers?|models?|validation|snippets?|examples?|keywords|signatures?|commas|hints?|deployments?|deploys)"
)
_SORT = re.compile(
    rf"(?ix)^(?:(?:all|every|each|any|our|new|of)\s+)*(?!the\b|this\b|that\b|these\b|those\b|a\b|an\b|my\b|your\b|its\b"
    rf"|his\b|her\b|their\b|in\b|for\b|always\b|never\b|please\b|only\b|use\b|write\b|add\b|put\b|make\b|two\b|three\b|both\b|some\b|\d)(?:[\w/-]+\s+){{0,2}}?(?:{_NOUNS}|{LANGUAGES})"
    rf"(?:\s+(?:files?|code|tests?|projects?|components?))?$"
)
_ONE = re.compile(r"[`_.()=]|[a-z][A-Z]|\d")


def is_sort(words: str) -> bool:
    """Whether a phrase names a sort of thing, in a project's or a writer's daily words."""
    return (
        _SORT.match(words.strip()) is not None
        and _ONE.search(re.sub(rf"(?i)\b{LANGUAGES}", "", words)) is None
        and re.search(r"\s[gG]o$", words) is None
    )


def is_lasting_scope(words: str) -> bool:
    """Whether "for …", "in …" or "when …" speaks of every such occasion: "writing tests", "dates in SQL"."""
    doing = re.match(
        r"(?i)^(?:writing|adding|naming|creating|formatting|editing|changing|reviewing|importing|logging|generating|documenting)\s+",
        words,
    )
    rest = words[doing.end() :] if doing is not None else words
    if re.match(r"(?i)^all\s+\S+", rest):
        return True
    return all(is_sort(part) for part in re.split(r"(?i)\s+(?:in|for|of|and|or)\s+", rest))


def sort_name(words: str) -> str:
    """One spelling for one sort: "all new Dates" and "dates" are the same, "each PR" is "PRs"."""
    bare = re.sub(r"(?i)^(?:(?:all|any|our|of\s+the|of)\s+)+", "", words.strip())
    each = re.match(r"(?i)^(?:each|every)\s+(.+)$", bare)
    if each is not None:
        bare = _plural(each[1])
    first = bare.split(" ", 1)[0]
    return bare[0].lower() + bare[1:] if re.fullmatch(r"[A-Z][a-z]+", first) and not _is_language(first) else bare


def _is_language(word: str) -> bool:
    return re.fullmatch(rf"(?i){LANGUAGES}|{TONGUES}", word) is not None


def _plural(noun: str) -> str:
    if noun.endswith("s"):
        return f"{noun}es" if noun.endswith(("ss", "us")) else noun
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("ch", "sh", "x")) else f"{noun}s"
