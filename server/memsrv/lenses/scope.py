"""Whether a sentence is meant to last: durable words, against one task's instructions, questions and guesses.

Precision before recall: what could be either is not a memory. Reads one sentence, without its context.
"""

import re

_DURABLE = re.compile(
    r"""(?ix)
    \b(?:from\snow\son|going\sforward|from\shere\son|in\s(?:the\s)?future|for\s(?:the\s)?future|as\sa\srule|by\sdefault
      |always|never|(?:each|every)\stime|whenever|at\sall\stimes|everywhere|consistently|(?:for|in|on)\sall\s[\w-]+(?:[\s.][\w-]+)?s?|don'?t\sever|do\snot\sever|no\smore
      |(?:in|for|on|across|throughout)\s(?:this|our|the)\s(?:whole\s|entire\s)?
         (?:project|repo(?:sitory)?|code\s?base|monorepo|team|company|org)
      |(?:our|the|house|team|project)\s(?:convention|policy|rule|standard|style|guideline)s?
      |(?:please\s)?remember(?:\sthat|\sto|:|,)|keep\sin\smind|for\sthe\srecord|note\sfor\s(?:later|the\sfuture)
      |(?:how\smany\stimes|i(?:'ve|\shave)?\s(?:already\s)?(?:told|asked)\syou|as\si(?:'ve|\shave)?\s(?:already\s)?said
         |i\s(?:already\s)?said\s(?=(?:use|no|never|don'?t)\s)
         |we\skeep\s\w+ing|you\skeep\s\w+ing|you\salways|once\sagain|same\smistakes?)
      |i\s(?:strongly\s|really\s|generally\s|usually\s)?(?:prefer|hate|dislike|insist)|i(?:'d|\swould)\srather
      |we\s(?:strongly\s|generally\s|usually\s|only\s)?
         (?:use|prefer|avoid|stick|standardi[sz]e|follow|don'?t\suse|do\snot\suse|no\slonger\suse|never|always)
      |we(?:'ve|\shave)?\s(?:decided|agreed|settled|standardi[sz]ed|switched|moved|migrated)
      |you\s(?:should|must)\s(?:not\s|never\s|always\s)|must\s(?:always|never|not)
    )\b
    | [\s,]ever(?:\sagain)?(?=[\s.!,]*$)
    """
)
_LASTING = re.compile(
    r"(?i)\b(?:from (?:now|here) on|going forward|in (?:the )?future|for (?:the )?future|as a rule|at all times"
    r"|remember(?: that| to|,)|(?:in|for|across|throughout) (?:this|our) (?:whole |entire )?"
    r"(?:project|repo(?:sitory)?|code ?base|monorepo|team|company))\b"
)
_QUESTION = re.compile(
    r"""(?ix)^(?:(?:so|ok(?:ay)?|and|but|or|hmm+|wait|hey|also)[,\s]+)*
    (?:can|could|would|will|shall|should|may
      |do\s(?:i|you|we|they|it|these|those|this|that|the|users?|people|any\w*)|does|did|is|are|was|were|have|has|had|am|why|what|how|where|which|who
      |whose|isn'?t|aren'?t|doesn'?t|didn'?t|won'?t|wouldn'?t|couldn'?t|shouldn'?t|any\schance|i\swonder)\b"""
)
#: What begins as a statement and ends as a question, without its mark.
_ASKS = re.compile(r"(?i),\s+(?:what|how|which|why|where)\s+(?:is|are|do|does|would|should|can|could|will)\s")
_POLITE = re.compile(r"(?i)^(?:can|could|would|will) you (?:please )?(?:always|never|from now on|stop|not)\b")
_ONE_TASK = re.compile(
    r"""(?ix)
    \b(?:for\snow|right\snow|just\snow|this\stime|just\sthis\sonce|only\sthis\sonce|for\sthe\smoment|at\sthe\smoment
      |for\sthe\stime\sbeing|not?\s\w+\syet|\byet\b(?=[\s.!,)]*$)|yet\b|today|tonight|temporarily|until\s(?:i|we|then|you|the|given|told|asked|further)
      |anything\selse|something\selse|any\s?more\sthan\sthat|while\s(?:i|we)\b|before\swe\scontinue|to\sstart\swith
      |(?:in|for|on|from|to|with)\s(?:this|that|these|those)\s(?!project|repo|code\s?base|monorepo|team|api\b|app\b|service\b|backend\b|frontend\b|company)
      |(?<!for\s)(?:the|this|that)\s(?:current|last|previous|above|next)\s(?!professional|style)
      |this\sone|that\sone|now\sthat|in\sthere|these\schanges|go\sahead|let\sme\sknow|rest\sof\s(?:this|the)\ssession|in\sthis\ssession
      |step\s\d|phase\s\d|chunk\s\d)\b
    | \bagain[\s!.)]*$
    """
)
_GUESS = re.compile(
    r"""(?ix)
    \b(?:i|we|you|it|they|that|this|he|she)\s(?:really\s|just\s|still\s)?
       (?:don'?t|do\snot|doesn'?t|does\snot|didn'?t|did\snot)
       \s(?:really\s|even\s|currently\s)?(?:think|know|see|understand|remember|believe|get|care|mind|need|have|recall|work
       |seem|look|mean|like\sthat|feel|expect|exist|matter|want\sto|wanna)\b
    | \b(?:maybe|perhaps|might|not\ssure|i\sguess|i\ssuppose|i\sassume|what\sif|wondering|probably|supposedly
       |hypothetically|i\sthought|used\sto|consider|alternatively|for\sexample,?\sif)\b
    | \bdon'?t\s(?:worry|bother|forget|hesitate|panic|you|i|we|they)\b
    | \bdo\s(?:not|n't)\s(?:do\s)?anything\b
    | ^(?:(?:now|so|ok(?:ay)?|and|but)[,\s]+)*(?:if|unless|suppose|assuming|imagine)\s(?:we|i|they|it|the)\b.*\bwe\s
    | ^(?:never\s?mind|always\s?(?:has|have|had|was|is|been)|it\salways
       |it\snever|that\snever|this\salways|this\snever)\b
    | \b(?:it|this|that|they|which|he|she|\w+\(\)|the\s[\w-]+(?:\s[\w-]+)?)\s
      (?:(?:has|have|had|is|was|are|were|will|would|can|could|should)\s)?(?:always|never)\b
    | \b(?:have|has|had|'ve)\snever\b
    | ^(?:when|whenever|once|while|if|(?:every|each)\stime)\s(?:the|a|an|it|he|she|they|users?|someone|something)\s
    | \bremember\sto\s(?!always|never)
    | \bi(?:'d|\swould)\srather\s(?:you|we|not)\b
    | \bprefer\s(?:option|the|that|this|your|approach|plan|version|[a-z]\b|\d)
    | \bseems?\sto\s(?:be\s)?always\b
    | ^(?:always|never)\s(?:seen|had|been|got|saw|nice|good|great|fun|easy|works|(?!embed|need|feed|seed)[a-z]+[^e\W]ed
        |[a-z]+[^s\W]s(?=\s(?:for|on|in|at|when|after|with|the|me|here)\b|$))
    | \b(?:we|i|you)\s(?:have\s)?(?:always|never)\s(?:end\sup|get|hit|reach|see|fall|land|lose|fail|run\sinto|forget
        |break|had|saw|got|have|know|notice|[a-z]+[^e\W]ed)\b
    """
)
_REPORT = re.compile(
    r"(?i)\b(?:it|this|that|there|they|error|test|tests|build) (?:is|are|was|keeps?|shows?|says?|fails?"
    r"|failed|gets?|got)\b"
)

_EVERY_TIME = re.compile(
    r"(?i)^(?:(?:after|before)\s[a-z]+ing|(?:when(?:ever)?|once|after|before|if)\syou)\s.+?(?=\s(?:always|never)\b)"
)

MAX_WORDS = 45
#: "You don't need to explain": it lets somebody off a duty, and is no guess.
_RELEASE = re.compile(
    r"""(?ix)\b(?:you|they)\s(?:don'?t|do\snot)\s(?:need|have)\sto\b
    | \bwe\s(?:don'?t|do\snot)\s(?:need\sto\b|(?:need|care\sabout)\s(?=[\w-]+(?:s|ility)\b))
    | \bi\s(?:don'?t|do\snot)\scare\sabout\b
    | \bif\syou(?:'re|\sare)(?:\snot|n't)\s(?:sure|certain)\b"""
)
_OF_SESSION = re.compile(r"(?i)\b(?:for|in)\sthis\s(?:session|chat|conversation)\b")


def is_question(sentence: str) -> bool:
    words = sentence.strip()
    if _POLITE.match(words):
        return False
    return words.rstrip("`'\")").endswith("?") or _QUESTION.match(words) is not None or _ASKS.search(words) is not None


def is_durable(sentence: str) -> bool:
    """Whether the sentence says by itself that it holds beyond this task."""
    return _DURABLE.search(sentence) is not None


def is_lasting(sentence: str) -> bool:
    """Whether it names a time or a place beyond this task: words that no list of a task's steps has."""
    return _LASTING.search(sentence) is not None


def is_of_session(text: str) -> bool:
    """Whether a message says itself that it holds for one session."""
    return _OF_SESSION.search(text) is not None


def is_release(sentence: str) -> bool:
    """Whether a sentence that passes only for its wording lets somebody off a duty."""
    rest = _RELEASE.sub("", sentence)
    return rest != sentence and not is_passing(rest)


def is_passing(sentence: str) -> bool:
    """Whether the sentence is about one task, a moment, or what somebody guesses."""
    if is_question(sentence) or _GUESS.search(_EVERY_TIME.sub("", sentence)) or len(sentence.split()) > MAX_WORDS:
        return True
    return _ONE_TASK.search(sentence) is not None


_AS_WE_DO = re.compile(
    r"""(?ix)^(?:
      we\s(?:always\s|strictly\s)?follow\s(?:the\s)?[\w\s'-]+\s(?:style\sguide|style|guide|guidelines|conventions?|standards?|pattern|spec)$
    | we\s(?:(?:only|always|usually|generally|still|all)\s)*
        (?:follow|release|deploy|ship|squash|rebase|review|pair|support|name|tag|version|use|document|target|pin|require|cut|lint|publish|expose|sort|group|prefix|import)\s
        (?!an?\b|the\b|some\b|one\b)
    | we\s(?:don't|do\snot|never)\s(?:use|do|commit|squash|merge|push|allow|log|mock|ship|support|deploy|hardcode|write
        |accept|add|put|force-push)\s
        (?!an?\b|the\b|any\b|some\b|much\b|well\b)
    | (?:the\s|our\s|everything\sunder\s)?[\w/.-]+(?:\s[\w-]+)?\s(?:is|are)\s(?:always\s)?
        (?:read-only|protected|frozen|off[- ]limits|append-only|immutable|write-protected)\b
    | (?:deployments?|deploys|releases?)\s(?:happen|go\sout)\s(?:only\s)?(?:on|every)\s
    | i(?:'m|\sam)\sthe\s(?:owner|maintainer|lead)\s(?:of|for)\s
    )"""
)
_TO_REMEMBER = re.compile(
    r"(?i)^(?:please\s|so\s|and\s|also\s)*(?:remember|keep\sin\smind|note|for\sthe\srecord|reminder|don'?t\sforget)(?:\sthat\s|\s*[,:]\s*)"
)
_VERB = re.compile(
    r"(?i)\b(?:is|are|has|have|uses|use|returns?|needs?|requires?|runs?|only|still|does|can|cannot|can't|goes|lives?|supports?|expects?|must)\b"
)
_POINTING = re.compile(
    r"(?i)\b(?:this|these|those|it|its|them|here|there|above|below)\b(?!\s(?:project|repo|code\s?base|repository|team))"
)


def is_pointing(core: str) -> bool:
    """Whether the words point at something before them: "it", "that", "them"."""
    return re.search(r"(?i)\b(?:it|them|these|those)\b|\bthat\W*$", core) is not None and not re.search(
        r"(?i)\bwhen(?:ever)?\b", core
    )


def is_standing(core: str, sentence: str) -> bool:
    """Whether words without a known reading tell how the team always does it, or ask outright to be remembered."""
    if _POINTING.search(core) or is_report(core):
        return False
    if re.search(r"(?i),\s*(?:always|every\s+time|each\s+time)\W*$", sentence):
        return True
    states = _VERB.search(core) or re.match(r"(?:the|our|The|Our|[A-Z]\w*)\s(?:[\w-]+\s){0,3}?[a-z]{3,}s\s", core)
    told = _TO_REMEMBER.match(sentence) is not None and states is not None and 4 <= len(core.split()) <= 25
    return told or (_AS_WE_DO.match(core) is not None and len(core.split()) <= 12)


def is_report(sentence: str) -> bool:
    """Whether the sentence tells what happened rather than what should."""
    return _REPORT.search(sentence) is not None
