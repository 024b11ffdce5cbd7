"""What somebody asks outright to be kept for the agent, gives as a pattern, or complains of having seen again.

One sentence in. Knows the names of the files that agents read; a prompt or a page that is being built is none of them.
"""

import re

from memsrv.lenses.phrases import DEFINITE, THIS

#: Files and places that hold an agent's instructions.
_KEPT_IN = (
    r"(?:(?:claude|agents?|gemini|qwen|crush)\.md|copilot-instructions\S*|\.?cursor\s?rules|\.windsurfrules|\.clinerules"
    r"|(?:your|project|agent|memory)\s(?:rules|instructions|guidelines)|(?:your|the|project|global|long-term)\smemory(?:\sfile)?"
    r"|(?:rules|memory|instructions)\sfile|constitution)"
)
_WRITTEN = re.compile(
    rf"(?i)\b(?:add|put|write|save|update|modify|make|include|record|note|extend|create)\b.{{0,60}}?{_KEPT_IN}(?=[\s:,]).*?(?:\bthat\b|:|\babout\b)"
    r"|\b(?:as|in)\s(?:a|your)\s(?:rules?|memory|guidelines?|instructions?)\b"
    r"|\bmake\sa\snote\s(?:that\s|to\s(?:always|never)\b)"
    rf"|\b(?:add|put|write|save|note|record)\s(?:this|that|it)\b.{{0,30}}?(?:\bas\sa?\s?(?:learning|lesson|rule)\b|\b{_KEPT_IN}(?=\W*$))"
    rf"|,\s(?:add|put|write|save|note)\s(?:(?:this|that|it)\s)?(?:in)?to\s{_KEPT_IN}\W*$|^memori[sz]e\s(?:that|:)\s"
)
_REMEMBER = re.compile(
    r"(?i)\bremember\s*[:,]\s*(?:no|never|always|do\s+not|don'?t|only|use|avoid|prefer)\s+(?P<what>.+)"
)
#: "{feature}/api/{name}.ts": what stands in braces is any of its sort.
_PATTERN = re.compile(
    r"(?i)\b(?:should|must|always|goes?|live|belong)\b[^.]*?(?<![\w$`(])[\w./-]*"
    r"(?:\{[a-z][\w -]*\}|<[a-z][\w -]*>)[\w./{}<>-]*[/.-][\w./{}<>-]+"
)
_PRACTICE = re.compile(
    r"(?i)\bmake\s(?:this|that|it)\s(?:a|an|our|your|the)\s(?:\w+\s)?(?:practi[cs]e|habit|rule|routine|convention|policy)\b"
    r"|^(?:always\s)?(?:honou?r|obey|respect|follow)\s(?:the\s)?(?:claude|agents|gemini)\.md\b"
    r"|^i\s(?:never|did\s?n(?:o|')t)\s(?:allow|permit|authori[sz]e)(?:ed|ted|d)?\s(?:you|u)\sto\b"
)
_BANNED = re.compile(
    r"(?i)^(?:please\s+)?(?:do\s+not|don'?t|never|avoid\s+using|stop\s+using)(?:\s+use)?\s+`[a-z:-]+`\s*(?:,|$)"
)
_AGAIN = re.compile(
    r"(?i)^(?:and\s|but\s|so\s)*(?:why\s+(?:do|are)\s+)?you\s+(?:always\s+|still\s+|constantly\s+)*(?:keep(?:s)?|constantly)\s+"
    r"(?:(?:creat|add|mak|writ|us|chang|remov|ignor|skipp|break|push|committ|ask|guess|assum|forgett?|duplicat|hardcod|mock|rewrit)ing)\s+"
    r"(?:to\s+(?:run|update|test|commit|use|check|add|ask|document)\s+)?(?P<what>.+)"
)
_BY_GUIDE = re.compile(
    r"(?i)^for\s+(?!now\b)(?P<sort>[\w\s-]{3,30}?),?\s+(?:always\s+|please\s+)*(?:use|prefer|follow)\s+\S.*\b(?:see|per|following|according\s+to|as\s+(?:in|described|written))\s+"
    r"(?:(?:our|the|my)\s+)?(?:[\w-]+\s+){0,2}(?:guides?|guidelines?|wiki|style\s?guide|docs?|conventions?|playbook|instructions?|[\w/.-]+\.md)\b"
)
#: What is done for good, or costs: not before somebody says so.
_NOT_BEFORE = re.compile(
    r"(?i)^(?:please\s+)?(?:do\s+not|don'?t|never|no)\s+(?:ever\s+|auto[\s-]?|automatically\s+)*(?:commit|push|deploy|merge|install|publish|release|delete)(?:s|ing|ting)?\b"
    r"[^.;]*\b(?:until|unless|only\s+when|before)\s+(?:you\s+(?:are|were)\s+|it\s+is\s+)?(?:explicitly\s+|specifically\s+|being\s+)*"
    r"(?:asked|told|instructed|requested|approved|i\s+(?:explicitly\s+)?(?:ask|say|tell|approve|confirm|request)\b)"
)


def is_bidden(words: str, sentence: str) -> bool:
    """Whether a sentence, `words` without what introduces it, asks that something be kept in mind from then on."""
    if sentence.rstrip().endswith("?") and _AGAIN.search(words) is None:
        return False
    remember = _REMEMBER.search(sentence)
    if remember is not None:
        return not THIS.search(remember["what"]) and not DEFINITE.search(remember["what"])
    again = _AGAIN.match(words)
    if again is not None:
        return not THIS.search(again["what"]) and not re.match(r"(?i)(?:the|a|an|my|your)\s", again["what"])
    guided = _BY_GUIDE.match(words)
    if guided is not None:
        return not DEFINITE.search(guided["sort"])
    return any(shape.search(words) is not None for shape in (_WRITTEN, _PATTERN, _BANNED, _PRACTICE))


def is_put_off(words: str) -> bool:
    """Whether something is not to be done before they say so: that holds each time, though it names a moment."""
    return _NOT_BEFORE.search(words) is not None
