"""A sentence as what can be counted in it: its words one by one and in pairs, their stems, its length.

Names of things (paths, code, numbers, tools, languages) count by their sort, so that a rule about `foo.py` is one about
any file. What each is worth is `weighing`'s to say.
"""

import re
from itertools import pairwise

from memsrv.lenses.sorts import LANGUAGES, TONGUES
from memsrv.lenses.topics import is_tool

_WORD = re.compile(r"`[^`]*`|\"[^\"]*\"|https?://\S+|@[\w./-]+|[\w'’-]+(?:[./\\:][\w'’.-]+)*/?|[?!:;,()]|\S")
_SORTS = (
    ("<code>", re.compile(r"[`\"]|@.")),
    ("<url>", re.compile(r"https?:")),
    ("<lang>", re.compile(rf"(?i){LANGUAGES}$")),
    ("<tongue>", re.compile(rf"(?i){TONGUES}$")),
    ("<num>", re.compile(r"\d[\d.,:%x]*\w{0,2}$")),
    ("<code>", re.compile(r"(?!(?:e\.g|i\.e)\b)(?=.*(?:[\\/_]|\w[.:]\w|(?-i:[a-z][A-Z])))")),
)
#: As people in a hurry write it.
_LONG = {
    "dont": "don't",
    "doesnt": "doesn't",
    "didnt": "didn't",
    "cant": "can't",
    "wont": "won't",
    "isnt": "isn't",
    "shouldnt": "shouldn't",
    "thats": "that's",
    "lets": "let's",
    "im": "i'm",
    "ive": "i've",
    "u": "you",
    "ur": "your",
    "plz": "please",
    "pls": "please",
    "allways": "always",
    "alwys": "always",
    "w/o": "without",
}
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_LENGTHS = (3, 6, 10, 15, 25)


def words(sentence: str) -> list[str]:
    """Its words and marks in lower case, what is a name by its sort."""
    return [_word(word) for word in _WORD.findall(sentence)]


def counted(sentence: str) -> set[str]:
    """All that stands in it: each word, pair of neighbours and stem once."""
    told = words(sentence)
    row = ["<s>", *told, "</s>"]
    pairs = {f"{one} {two}" for one, two in pairwise(row)}
    return {*told, *pairs, *(f"~{_stem(word)}" for word in told)}


def length(sentence: str) -> str:
    count = len(sentence.split())
    return f"={next((most for most in _LENGTHS if count <= most), 'more')}"


def _word(word: str) -> str:
    low = word.lower().replace("’", "'")
    if is_tool(low):
        return "<tool>"
    for sort, shape in _SORTS:
        if shape.match(word) and low not in _LONG:
            return sort
    return _LONG.get(low, low)


def _stem(word: str) -> str:
    if word[0] == "<" or word.endswith("ss"):
        return word
    for ending, rest in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + rest
    return word
