"""How somebody wants to be worked with: what is asked first, checked after, left alone, or said in how many words.

One sentence (without what introduces it) in. Knows the work of any agent (commits, runs, answers), no product: a rule
of the program that is being written ("ask the user before deleting") is a task, and is none of these.
"""

import re

from memsrv.lenses.phrases import DEFINITE, THIS

_NOT = (
    r"(?:do\s+not|don'?t|never|stop|no\s+need\s+to|you\s+(?:do\s+not|don'?t)\s+(?:need|have)\s+to"
    r"|(?:we|you)\s+(?:should|must)\s*(?:n[o']?t|never))"
)
#: What agents do all day, and people want done at other times, otherwise, or by themselves.
_ROUTINE = (
    r"(?:commit|push|test|verify|check|lint|format|build|compile|typecheck|run\s+(?:\S+\s+){0,4}?(?:tests?|checks?|lint(?:er)?|build"
    r"|rubocop|formatter|type\s?check\w*)|update\s+(?:the\s+|your\s+)?(?:\S+\.md|docs?|documentation|changelog|readme|todos?)"
    r"|document|summari[sz]e|report|ask|confirm|explain|wait|show\s+(?:me\s+)?(?:the\s+|a\s+)?diffs?)"
)
_UNIT = (
    r"(?:task|step|phase|change|commit|feature|file|edit|iteration|fix|pr|pull\s+request|milestone|module|section|round"
    r"|session|push|merge|refactor\w*|endpoint|route|component|migration)"
)
_AGENTS = (
    r"(?:make|finish|complete|change|commit|edit|create|add|implement|write|claim|say|tell|start|push|move|delete"
    r"|modify|touch|install)"
)

_EACH = re.compile(
    rf"(?i)\b{_ROUTINE}\b(?:(?!\bfor\b)[^,;:.]){{0,60}}\s(?:after|before|as|when|once|between|at\s+the\s+end\s+of|on)\s+"
    rf"(?:(?:you\s+{_AGENTS}\w*|finishing|completing|making)\s+)?(?:each|every)\s+(?:\w+\s+)?{_UNIT}s?\b"
    rf"|^(?:after|before|at\s+the\s+end\s+of|for|with)\s+(?:(?:you\s+{_AGENTS}\w*|finishing|completing|making)\s+)?(?:each|every)\s+"
    rf"(?:\w+\s+)?{_UNIT}\b,?\s+(?:please\s+|you\s+(?:should|must)\s+|always\s+)*{_ROUTINE}\b"
    rf"|^(?:each|every)\s+time\s+you\s+{_AGENTS}\s+[^,]+,\s*(?:please\s+)?[a-z]+\s"
)
_CHECKED = re.compile(
    rf"(?i)^(?:(?:you\s+(?:should|must|need\s+to|have\s+to)|make\s+sure|be\s+sure|always)\s+(?:to\s+|that\s+)?)?(?:you\s+)?"
    r"(?:test|verify|check|validate|run|review|double[\s-]check|research|read|plan|make\s+a\s+plan)\b[^,;]{0,50}\s"
    r"(?:(?:before|after)\s+you\s+(?:\w+\s+){0,2}?"
    rf"{_AGENTS}\b|before\s+(?:saying|claiming|telling|coding|writing|editing|changing|committing|pushing|reporting)\b)"
)
_ASKED = re.compile(
    r"(?i)^(?:always\s+|first\s+)*(?:ask|check\s+with|wait\s+for|get)\s+(?:me|my)\b(?!.*\b(?:continu|proceed|go\s+on))(?!.*\bfor\s+(?:now|this)).*\b(?:before|first|approval|permission|confirmation|ok)\b"
    rf"|^{_NOT}\s+(?:write|start|change|edit|do|make|touch|create|add|begin|code|implement|proceed|go)\w*\b.*\b(?:un(?:til|less)|without)\s+"
    r"(?:i\b|me\b|my\b|asking|explicit|being|told|permission|approval)"
)
_UNASKED = re.compile(
    rf"(?i)^{_NOT}\s+(?:change|touch|edit|add|do|make|modify|refactor|remove|delete|fix)\w*\s+(?:any\s*thing|things?|stuff|code|files?|changes?|features?)\s+"
    r"(?:(?:that|which)\s+)?(?:(?:i|we)\s+(?:did\s+not|didn'?t|haven'?t|have\s+not)\s|(?:is|are|was|were)(?:\s+not|n'?t)\s+(?:asked|requested|related|needed))"
    r"|^(?:only|just)\s+(?:do|change|touch|make|edit|answer|implement|fix)\s+(?:exactly\s+)?(?:what|the\s+things?)\s+(?:i\s+(?:ask|say|tell|request)|(?:is|was)\s+asked|you\s+(?:are|were)\s+(?:asked|told))"
)
_ONE_BY_ONE = re.compile(
    r"(?i)^(?:only\s+|just\s+)*(?:(?:do|take|ask|work\s+on|change|fix)\s+(?:me\s+)?)?(?:only\s+)?one\s+(?:question|thing|step|change|task|issue|topic|file|problem)\s+at\s+a\s+time$"
    r"|^(?:only\s+|just\s+)*one\s+(?:at\s+a\s+time|by\s+one)$"
)
_BY_ITSELF = re.compile(
    rf"(?i)^{_NOT}\s+(?:(?:auto[\s-]?|automatically\s+)(?:commit|push|merge|deploy|format|fix|run|install|stage|publish)(?:t?ing)?\b"
    r"|(?:run|use|do|execute)\s+(?:any\s+)?(?:git|destructive|sudo|shell|docker|npm|database|deploy\w*)\s+(?:commands?|operations?)\b"
    r"|(?:commit|push|check\s+in|stage|track)\s+(?:the\s+|any\s+|large\s+)*(?:\S+\s+){0,2}?(?:files|images?|binaries|secrets|artifacts|logs|assets|dumps|credentials|keys)\b)"
)
_MYSELF = re.compile(
    r"(?i)^i(?:'ll|\s+will)?\s+always\s+(?:run|do|make|handle|start|manage|apply|deploy|commit|push|test|restart)\s+(?:(?:the|all|my|any)\s+)*[\w\s-]{2,40}?\s(?:by\s+)?myself$"
    r"|^(?:do\s+not|don'?t|never)\s+(?:re)?start\s+(?:the\s+|a\s+)?[\w\s-]*?servers?\b"
)
_OUTSIDE = re.compile(
    rf"(?i)^{_NOT}\s+(?:modify|touch|write|edit|change|create|delete|read|look|work|leave)\b[^,;]{{0,40}}?\boutside(?:\s+of)?\s+"
    r"(?:(?:this|the|our|my)\s+(?:repo(?:sitory)?|project|folder|directory|workspace|worktree|sandbox)\b|[~.]?/?[\w.-]+/[\w./-]*)"
)
_SAID_LESS = re.compile(
    rf"(?i)^{_NOT}\s+(?:summari[sz]|explain|apologi[sz]|repeat|restat|recap|narrat|thank|prais|congratulat|over[\s-]?explain)(?:e|ing|at|ate)?\b(?!\s+(?:the|this|that|it)\b)"
    r"|^(?:be\s+brief|get\s+to\s+the\s+point|skip\s+the\s+(?:summar\w+|explanations?|preamble|pleasantries|fluff))\b"
)
#: What people see an agent do too much of; bare, so that no thing at hand is meant.
_EXCESS = re.compile(
    rf"(?i)^(?:{_NOT}|i\s+(?:do\s+not|don'?t)\s+want(?:\s+you\s+to)?)\s+(?:(?:over[\s-]?(?:engineer|complicat|think|abstract|build)|guess|assum|hallucinat|speculat|fabricat|improvis|cheat|hard-?cod|half[\s-]ass|cut\s+corners)(?:e|ing|t?ing)?\b(?!\s+(?:the|this|that)\s)"
    r"|(?:create|creat|add|use|us|write|writ|make|mak|leave|leav|generate|generat|put|introduce|introduc|return|include|includ|build|implement|want|have)(?:e|ing|t?ing)?\s+(?:any\s+|me\s+|more\s+|new\s+|so\s+many\s+)*"
    r"(?:stubs?|mocks?|mock\s+data|fake\s+data|dummy\s+data|sample\s+data|test\s+data|placeholders?|placeholder\s+\w+|simulat\w+|todos?|fallbacks?|workarounds?|hacks?|shortcuts?|hardcod\w+|boilerplate|wrappers?|abstractions?"
    r"|(?:summary|markdown|documentation|readme|report|md|doc)\s+(?:files?|docs?|documents?)|documentation|duplicates?|duplicate\s+\w+|legacy\s+code|dead\s+code|backwards?[\s-]compat\w+|shims?|emojis?)\b"
    r"|(?:delet|skip|disabl|weaken|chang|remov|comment(?:ing)?\s+out|modify|modifying|bypass|ignor|suppress)(?:e|ing|ping)?\s+(?:any\s+)?(?:failing\s+)?(?:tests?|checks?|assertions?|warnings?|errors?|lint\s+\w+|type\s+errors?)\b(?!\s+(?:on|in|for|of)\s)"
    r"|(?:rewrit|replac|reformat)(?:e|ing)?\s+(?:whole|entire|complete|full)\s+\w+)"
    r"|^no\s+(?:mocks?|mock\s+data|fake\s+data|dummy\s+data|placeholders?|stubs?|fallbacks?|workarounds?|hacks?|shortcuts?|hardcod\w+|guess\w*|assumptions?|hallucinat\w+|half\s+measures)\b"
)
_MEASURE = re.compile(
    r"(?i)^(?:always\s+)?make\s+(?:only\s+)?(?:the\s+)?(?:minimal|smallest|fewest|least|targeted|surgical)(?:\s+possible)?\s+(?:changes?|edits?|diffs?)\b"
    r"|^keep\s+(?:things|everything|the\s+code|code|changes|your\s+changes)\s+(?:very\s+|as\s+)?(?:simple|minimal|small|dry|clean|modular|lean)\b(?:\s+as\s+possible)?(?!\s+(?:for|in|on)\b)"
    r"|^(?:always\s+)?(?:reuse|re-use|extend|prefer\s+using|leverage)\s+(?:the\s+)?existing\s+(?:code|components?|functions?|helpers?|utilities|modules?|patterns?|services?|styles?|classes)\b"
    r"|^(?:please\s+|always\s+)*(?:follow|use|do|practi[cs]e|stick\s+to|apply|adhere\s+to)\s+(?:(?:strict|the)\s+)*(?:tdd|bdd|ddd|dry|kiss|yagni|solid|test[\s-]driven\s+development|clean\s+code|object[\s-]oriented\s+\w+"
    r"|functional\s+programming|semantic\s+versioning|(?:existing|established|same|project(?:'s)?|our|repo(?:sitory)?|codebase)\s+(?:\w+\s+)?(?:style|patterns?|conventions?|standards?|guidelines))\b(?:(?!\b(?:for|in)\s+(?:this|the|that)\s).)*$"
    r"|^(?:always\s+)?prioriti[sz]e\s+(?!the\b|this\b|that\b|these\b|fix|my\b|your\b|step|task|phase|\d)[a-z][\w\s,/&-]+$"
)
_SUPPOSED = re.compile(
    r"(?i)^you\s+(?:should|are\s+supposed\s+to|were\s+supposed\s+to|need\s+to|ought\s+to|must)\s+(?:always\s+)?be(?:en)?\s+"
    r"(?:us|delegat|follow|writ|test|committ|check|verify|ask|read|document)ing\s+\S"
    r"|^you\s+(?:should|need\s+to|have\s+to|must)\s+(?:always\s+)?use\s+our\s+\S"
    r"|\b(?:like|as)\s+you\s+(?:are|were)\s+(?:supposed|told|asked|instructed)\s+to\b"
    r"|^(?:didn'?t|did)\s+i\s+(?:not\s+)?(?:say|tell\s+you(?:\s+to)?|ask\s+you(?:\s+to)?)\s+(?:not\s+to\s+|never\s+to\s+|no\s+|always\s+|to\s+use\s+)"
)
_STANDARDS = re.compile(
    r"(?i)\b(?:not\s+(?:acceptable|allowed|ok(?:ay)?|up)|unacceptable|against|violat\w+|break\w*)\s+(?:\w+\s+){0,2}?(?:our|my|the\s+team'?s?|the\s+project'?s?)\s+(?:[\w']+\s+){0,2}?(?:standards?|conventions?|guidelines|style\s+guide|rules|policy|policies|principles)\b"
    r"|\bwe\s+(?:do\s+not|don'?t)\s+(?:care\s+about|do|use|allow|want|need|mock|test|check|lint)\s+[^,;]{2,40}\s(?:for|in|on)\s+(?:any|all|our)\s"
)
_PRINCIPLE = re.compile(
    r"(?i)\b(?:important|general|key|main|basic|core|golden|guiding|design|house|ground|first)\s+(?:principles?|rules?|guidelines?|conventions?|requirements?)\b[^:]{0,60}:\s*(?:\S+\s+){2,}"
    r"|\b(?:principles?|rules?|guidelines?|conventions?)\s+(?:for|of|in|throughout|across)\s+(?:the|this|our)\s+(?:whole|entire|project|repo\w*|code\s?base|app)\b[^:]{0,30}:\s*(?:\S+\s+){2,}"
)
_WRITTEN_TO = re.compile(
    r"(?i)\b(?:everything|all\s+(?:[\w-]+\s+){0,2}(?:output|files|drafts|docs|notes|reports|logs|results|scripts|artifacts|plans|specs|documents))\b[^,;:]{0,50}?\s(?:should|must|needs?\s+to|has\s+to|have\s+to|goes?)\s+"
    r"(?:always\s+|only\s+)?(?:(?:be\s+)?(?:written|saved|stored|put|placed|kept|write|go|live|land|saved?)\s+)?(?:to|in|into|under|inside)\s+@?[\w.~-]*/\S*"
)
_SYSTEM = re.compile(
    r"(?i)^i(?:'m|\s+am|\s+work|\s+run)?\s+(?:always\s+)?(?:on|using|in)\s+(?:a\s+)?(?:windows|macos|mac|linux|wsl2?|ubuntu|nixos|arch|powershell|fish|zsh)\b[^,;]{0,20}?,?\s+so\s+(?:always\s+|please\s+)*(?:use|give|write|avoid|don'?t|only)\b"
)
_WE_ARE_USING = re.compile(
    r"(?i)^we(?:'re|\s+are)\s+(?:only\s+|all\s+)*(?:using|on|doing)\s+(?:the\s+)?(?P<new>[\w@./+-]+(?:\s[\w-]+){0,2}),?\s+(?:and\s+)?(?:not|instead\s+of|rather\s+than)\s+(?:the\s+)?(?P<old>[\w@./+-]+(?:\s[\w-]+){0,2})$"
)
_NO_MENTION = re.compile(
    rf"(?i)^{_NOT}\s+(?:add|mention|include|put|list|sign|credit|reference)\w*\s+(?:any\s+)?(?:yourself|claude|codex|copilot|cursor|gemini|aider|ai|the\s+(?:ai|assistant|agent|model)|co[\s-]?authors?\w*|co-authored-by|attribution\w*|generated\s+with)\b"
)
_DELEGATE = re.compile(
    r"(?i)^(?:always\s+)?use\s+(?:the\s+|your\s+|multiple\s+|parallel\s+)*(?:sub-?agents?|mcp\s+(?:tools?|servers?)|context7|skills?)\s+(?:for|when|whenever)\s+(?:all\s+|any\s+|every\s+)?[a-z]+(?:ing|s|ch|e)?$"
)
_WHEN_YOU = re.compile(
    r"(?i)^(?:when(?:ever)?|after|before|once|if|as\s+soon\s+as)\s+you\s+[^,]{3,60}?,?\s+(?:please\s+|you\s+(?:should|must)\s+)?(?:always|never)\s+[a-z]"
)
_UNLESS_TOLD = re.compile(
    r"(?i)^(?:no|not|never|don'?t|do\s+not|only)\b[^.;]*\b(?:unless|if|when)\s+i\s+(?:explicitly\s+|specifically\s+|directly\s+)?(?:ask|say|tell|request|approve|confirm|instruct)\b"
)
_GUIDED = re.compile(
    r"(?i)(?<!they\x20should\x20)(?<!it\x20should\x20)(?<!these\x20should\x20)\b(?:follow|adhere\s+to|respect|obey|comply\s+with|stick\s+to|match)\s+(?:our|my|the\s+project'?s|the\s+team'?s|the\s+repo'?s)\s+(?:\w+\s+){0,2}?(?:guides?|guidelines?|style|conventions?|standards?|rules|patterns?|principles|workflow)\b"
)
_TRUTH = re.compile(
    r"(?i)^the\s+(?:plan|specs?|specification|requirements?|design|truth|documentation|docs|source\s+of\s+truth)\s+(?:is|are|lives?)\s+in\s+[^,]{2,50},\s+(?:and\s+)?not\s+in\s+\S"
    r"|\b(?:is|are|as)\s+(?:the|our|a)\s+(?:single\s+)?source\s+of\s+truth\b"
)
_OF_A_THING = re.compile(
    r"(?i)^(?:the|an?|this|that)\s(?!user\b)[\w-]+(?:\s[\w-]+)?\s(?:should|must|will|has\sto|needs?\sto)\b"
)
_SHAPES = (
    _CHECKED, _ASKED, _UNASKED, _ONE_BY_ONE, _BY_ITSELF, _MYSELF, _OUTSIDE, _SAID_LESS, _EXCESS, _MEASURE,
    _STANDARDS, _PRINCIPLE, _WHEN_YOU, _UNLESS_TOLD, _GUIDED, _TRUTH, _WRITTEN_TO, _SYSTEM, _NO_MENTION, _DELEGATE,
)  # fmt: skip


def is_manner(words: str) -> bool:
    """Whether words that no reading fits still tell how the person wants the work done, or the talk about it."""
    if _EACH.search(words) and not _OF_A_THING.match(words):  # what a part of the program does each time is its task
        return True
    if any(shape.search(words) is not None for shape in _SHAPES):
        return True
    using = _WE_ARE_USING.match(words)
    if using is not None:
        return THIS.search(words) is None and DEFINITE.search(using["new"]) is None
    return False


def is_reminder(words: str) -> bool:
    """ "You should be using the fixtures", "didn't I tell you to …": what they always expect, and missed this time."""
    return _SUPPOSED.search(words) is not None and re.search(r"(?i)\b(?:it|them|this one)\W*$", words) is None
