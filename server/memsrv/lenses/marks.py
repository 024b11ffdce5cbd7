"""The marks that a standing rule has, or that tell that a sentence is none: mood, sort of thing, how long, this or any.

A rule has a mood (forbidding, wishing, telling what we do), speaks of sorts of things or of an agent's daily work, and
points at nothing of the task at hand. Each mark alone is weak; what each is worth is `weighing`'s to say. Knows
English, and one sentence at a time, without what introduces it.
"""

import re
from collections.abc import Iterator

from memsrv.lenses.sorts import TONGUES

#: What agents do all day, whatever they build.
_WORK = (
    r"(?:commit(?:s|ting|ted)?|push(?:es|ing|ed)?|rebas\w+|merg\w+|branch(?:es)?|worktrees?|prs?|pull\srequests?|tests?"
    r"|testing|lint(?:ers?|ed|ing)?|formatt(?:er|ing)|ci|plans?|approv\w+|confirm\w*|permission|clarif\w+|explain\w*"
    r"|explanations?|summar\w+|document(?:ation|ed|ing)?|docs|readme|changelog|sub-?agents?|mcp|skills?|todos?|edits?"
    r"|answers?|repl(?:y|ies)|respon(?:d|ses?)|questions?|assum\w+|guess\w*|verif\w+|hallucinat\w+|reviews?|refactor\w*"
    r"|diffs?|changes|scope|(?:claude|agents)\.md|prompts?|scripts?|md\sfiles|reports?|deploy(?:s|ments?)?|releases?|install(?:s|ed"
    r"|ing)?|research\w*|ask(?:ing)?|progress|tdd|workflow|hints|suggest\w*|snippets)"
)
#: What code and prose are made of, and what people hold dear in them.
_CRAFT = (
    r"(?:code|coding|code\s?base|typ(?:es?|ed|ing)|ts-ignore|cast(?:s|ing)?|comments?|imports?|exports?|functions?"
    r"|methods?|classes|hooks|helpers?|util\w*|mock(?:s|ing|ed)?|stubs?|placeholders?|fallbacks?|workarounds?|hacks?"
    r"|hardcod\w+|constants|nam(?:es|ing)|variables?|abbreviat\w+|emojis?|abstractions?|dependenc\w+|libraries|packages"
    r"|migrations?|endpoints|exceptions|errors|logging|inline\sstyles|css|magic\snumbers|secrets|credentials"
    r"|env(?:ironment)?\sv\w+|globals?|singletons?|patterns?|conventions?|style|styleguide|guides?|guidelines?"
    r"|principles?|standards?|indentation|tabs|architecture|compatib\w+|legacy|boilerplate|duplicat\w+|rules?"
    r"|translations?|i18n|accessib\w+|readab\w+|performance|quality|correctness|controllers|services"
    r"|components|modules|configuration|versions?|timestamps|ids|uuids?|dates|schemas?|prose|wording|business\slogic"
    r"|simulat\w+|reproducib\w+|maintainab\w+|idempoten\w+|deterministic|testable|type[\s-]?saf\w+|modular|extensib\w+)"
)
#: What a product has: words of tasks.
_PRODUCT = (
    r"(?:buttons?|pages?|screens?|sections?|headers?|footers?|cards?|modals?|dialogs?|menus?|side-?bars?|nav\w*|icons?"
    r"|logos?|colou?rs?|fonts?|images?|pictures?|texts?|titles?|tooltips?|drop-?downs?|tables?|columns?|rows?|forms?"
    r"|inputs?|fields?|links?|animations?|padding|margins?|borders?|background|players?|enem\w+|levels?|users?"
    r"|customers?|admins?|emails?|prices?|orders?|products?|videos?|audio|maps?|charts?|graphs?|mobile|desktop|layout"
    r"|toggle|check-?box\w*|lists?|items?|games?|bot|chat|messages?|notifications?|sound|carousel|gallery|hero|grid"
    r"|popup|toast\w*|spinner|scroll|widgets?|cursor|panels?|views?|filters?|search|bar|login|accounts?|data|db"
    r"|database|models?|app|site|website|pdf|csv|json|server|plugin)"
)
#: Definite all the same, and yet no one thing at hand.
_EVERYDAY = (
    r"(?:code|code\s?base|project|repo|repository|user|tests?|docs?|documentation|team|guides?|guidelines|style\s?guide"
    r"|conventions?|rules?|framework|linter|formatter|readme|changelog|wiki|existing|plan|work|root|same|build|scope"
    r"|specs?|browser|database|api|default|future|go|approval|permission|ok|consent|memor\w+|agents?|subagents?|tools|skills)"
)
_TOOL = (
    r"(?:npm|pnpm|yarn|bun|uv|pip|poetry|cargo|pytest|jest|vitest|mocha|rspec|playwright|cypress|ruff|eslint|biome"
    r"|prettier|mypy|pyright|docker|podman|git|bazel|gradle|vite|webpack|postgres|sqlite|redis|tailwind|redux|zod"
    r"|sqlalchemy|prisma|drizzle|celery|httpx|axios|rg|ripgrep|fd|jq|nix|terraform|ansible)"
)
_THE = r"(?:the|this|these|those|my|your|its|his|their|that)"

_SHAPES = (
    # mood
    ("forbids",
     r"^(?:(?:always|and|but|so|you|we|ensure|make\ssure|be\ssure|to|that)\s)*(?:do\snot|don'?t|stop|avoid|no\sneed\sto|no\smore"
     r"|not\sallowed|(?:we|you)\s(?:do\snot|don'?t)\s(?:need|have)\sto)\s"),
    ("none_of",
     r"^no\s(?!.*\b(?:needed|required|found|shown|changed)$)(?!no\b|in\b|on\b|it\b|errors?\b|idea|problem|results?|more\b|one\b|need\b|longer)"
     r"(?:[\w/.-]+\s){0,2}[\w-]+(?:\s(?:in|within|inside|between)\s[\w\s-]{3,25})?(?:$|,)"),
    ("only_if_needed",
     r"\bonly\s(?:where(?:ver)?|when|if)\s(?:strictly\s|really\s|absolutely\s)?(?:necessary|needed|required)\b"),
    ("your_kit", r"\byour\s(?:memor(?:y|ies)|(?:sub-?)?agents|tools|skills|rules)\b"),
    ("on_occasion", r"\bwhen(?:ever)?\s(?:you(?:'re|\sare)\s)?[a-z]{3,}ing\b"),
    ("banned", r"^(?:mandatory|forbidden|prohibited|banned)\b"),
    ("not_our_way", r"\bnot\s(?:how\swe|the\sway\swe|our\s(?:style|way|convention|standard))\b"),
    (
        "sorts_must_not",
        rf"^(?!{_THE}\s|i\s|you\s|we\s|it\s|they\s)(?:[\w-]+\s){{1,3}}(?:(?:must|should|do|does|are|is|can)\s?(?:not|n'?t)|should\snever"
        r"|must\snever|never)\s\w",
    ),
    (
        "values",
        r"\b(?:quality|correctness|readab\w+|performance|maintainab\w+|simplicity|accessib\w+|security|speed|robust\w*"
        r"|consisten\w+)\b.*\b(?:over|more|matters?|comes?\sfirst|not\sa\sconcern|before)\b",
    ),
    (
        "orders_agent",
        r"^(?:(?:always|only|just|first|also|to)\s)*(?:ask|wait|verify|commit|answer|reply|respond|talk|keep|prefer"
        r"|follow|stick|reuse|leave|pause|stop|research|look\sfor|clean|finish|prioriti[sz]e|assume|read|test|check"
        r"|document|stay|be|work|avoid|favou?r|remember|note|limit|consider|think|explain)\b",
    ),
    (
        "you_must",
        r"\byou\s(?:should(?:n'?t)?|must(?:n'?t)?|need(?:n'?t)?\sto|have\sto|(?:don'?t|do\snot)\s(?:need|have)\sto"
        r"|are\s(?:only\s)?(?:not\s)?(?:allowed|supposed|expected|meant)|may\s(?:not|only|always|proceed)|can\sonly|keep|always|never"
        r"|only)\b",
    ),
    (
        "you_before_after",
        r"\b(?:want|need|like|expect)\syou\sto\b|\b(?:before|after|when(?:ever)?|every\stime)\syou\b"
        r"|\bif\syou(?:'re|\sare)(?:\snot|n't)\s(?:sure|certain)|\bunless\s(?:otherwise|told|asked|directed|instructed)\b"
        r"|\b(?:unless|until|when(?:ever)?)\si\s(?:ask|say|tell|approve|confirm)"
        r"|\bwithout\s(?:asking|my|me)\b|\bask\s(?:me|questions)\b|\bmy\s(?:go|approval|permission|ok|consent)\b"
        r"|\btell(?:ing)?\sme\b(?!\s(?:what|how|why|where|which|about|the|if))|\bas\syou\sgo\b",
    ),
    (
        "mine",
        r"^i(?:'ll|\swill)?\s(?:always\s)?(?:do|run|handle|make|write|approve|start|manage|test|take\scare)\b|\bmyself\b|\bi\s(?:need|want|have)\sto\s(?:review|approve|sign)\s|\bby\syourself\b"
        r"|\bto\sme\b|\bon\smy\s(?:side|end)\b|\b(?:you\sonly|only\syou)\b|\bi\s(?:do|handle|own|approve|decide)\b",
    ),
    (
        "my_machine",
        r"\bi(?:'m|\sam)?\s(?:use|on|using|work\son|run)\s(?:a\s)?(?:mac\w*|linux|windows|wsl2?|nix\w*|arch|ubuntu|fish"
        r"|zsh|bash|powershell|vim|neovim|emacs|vs\s?code|jetbrains)\b|\bmy\s(?:editor|shell|os|terminal)\sis\b",
    ),
    (
        "we_do_so",
        r"\bwe(?:'re|\sare)?\s(?:never|always|(?:don'?t|do\snot)\s(?:do|use|need|care|mock|test|ship|support|write|commit"
        r"|allow)|only|use(?!\san?\s)|keep|care|prefer|follow|avoid|deploy|name|write|put|inject|a\s\w+\s(?:shop|team))\b|\bhow\swe\b"
        r"|\bnot\sour\b|\b(?:in|of|all)\sour\b|^our\s",
    ),
    (
        "i_prefer",
        r"\bi\s(?:really\s|strongly\s|generally\s)?(?:prefer|hate|dislike|love|like|never\swant|want\syou"
        r"|care\sabout|(?:don'?t|do\snot)\s(?:really\s)?(?:like|care\sabout|want\syou))\b|\bi'd\srather\s(?:you|have|see)\b"
        r"|\b(?:matters?|is)\smore\b|\bbetter\sto\b|\b\w+\sover\s\w+$|\bnot\s(?:ok|okay|acceptable|allowed)\b"
        r"|\bunacceptable\b|\boff\slimits\b",
    ),
    (
        "sorts_must",
        r"^(?:(?:all|every|each|any|the|our|new)\s)?(?:[\w-]+\s){0,2}(?:[\w-]+[^s\W]s|code|logic|documentation|naming"
        r"|config\w*|(?:each|every)\s\w+)\s(?:must|should|are|ha(?:ve|s)\sto|needs?\sto|go(?:es)?|live|belongs?|do(?:es)?"
        r"\snot|don'?t|never|always|stays?|come|gets?)\b",
    ),
    # what it speaks of
    ("craft", rf"\b{_CRAFT}\b"),
    ("work", rf"\b{_WORK}\b"),
    ("tool", rf"\b{_TOOL}\b"),
    ("tongue", rf"\bin\s{TONGUES}\b|\b{TONGUES}\sonly\b"),
    (
        "manner",
        r"\b(?:verbose|concise|short(?:er)?|brief|terse|simpler?|minimal|small|explicit|polite|honest|direct|wordy|senior"
        r"|paragraphs?|sentences?)\b",
    ),
    (
        "placed",
        r"^(?:(?:all|every|each)\s)?(?:[\w-]+\s){0,2}(?:[\w-]+[^s\W]s|code|logic|documentation)\s(?:always\s)?(?:should\s"
        r"|must\s)?(?:be\s|are\s)?(?:goe?s?|live|belong|sit|kept|stay|comes?|put|stored|placed|saved)\s(?:in|under|next"
        r"|into|inside|beside|from)\b",
    ),
    # how long it holds
    ("always", r"\b(?:always|never|ever|all\sthe\stime)\b"),
    ("always_first", r"^(?:please\s)?(?:always|never)\s|\salways$"),
    ("each", r"\b(?:every|each|every\s?time|whenever|any|all|everything|anything|everywhere|anywhere|everyone)\b"),
    (
        "per_each",
        r"\b(?:after|before|per|between|at)\s(?:each|every|one)\b|\bone\s\w+\s(?:per|at\sa\stime)\b|\bas\syou\sgo\b"
        r"|\bper\s(?:file|commit|pr|feature|test|module|class|change|line)\b|\bits\sown\s(?:branch|commit|file|pr|module)\b"
        r"|\b(?:wait|pause|stop)\s(?:for|after)\b",
    ),
    ("instead",
     r"\bnot\s(?:in|on|with|to|from|via|as|next|the)?\s?[\w.-]+$|\b(?:instead\sof|rather\sthan|over)\b|,\snot?\b"),
    ("use_for",
     rf"\b(?:use\s(?:the\s)?[\w.+-]+(?:\s[\w-]+)?\s(?:for|to|when\w*)\s|^for\s)"
     rf"(?:all\s|any\s|every\w*\s)?(?!{_THE}\s|now\b)\w"),
    (
        "by_guide",
        r"\b(?:see|follow\w*|per|according\sto|as\s(?:written|described|said|stated|defined)\s(?:in|by)|like)\s(?:our|the"
        r"|my)\s(?:[\w-]+\s){0,2}(?:guides?|guidelines?|wiki|styleguide|conventions?|rules?|standards?|docs?|playbook"
        r"|handbook|instructions?)\b",
    ),
    # the task at hand
    ("product", rf"\b{_PRODUCT}\b"),
    ("products", rf"\b{_PRODUCT}\b.*\b{_PRODUCT}\b"),
    ("definite", rf"\b{_THE}\s(?!{_EVERYDAY}\b)[a-z]|\ba\s(?:new|second)\b|\b(?:an)?other\b"),
    ("pointing", r"\b(?:it|these|those|them)\b|\bthat\W*$"),
    ("tells_what_is", r"^(?:never|always)\s(?!focus|process|access|discuss|guess|pass|press|us)[a-z]+[^s\W]s\s"),
    ("this_thing", r"\bthis\s(?!project|repo|code\s?base|team)|\b(?:do|did)\s(?:that|it|this)\b"),
    ("before_going_on", r"\bbefore\s(?:you|we)\s(?:continue|proceed|go\son|start)\b"),
    ("lets", r"^let'?s\s(?!always|never|only)|\bthe\sfollowing\b"),
    (
        "name",
        r"[\w-]+\.(?:py|tsx?|jsx?|rs|go|rb|java|cs|html|css|json|ya?ml|sh|txt|csv|sql|vue|swift)\b|\"[^\"]+\""
        r"|(?-i:\b[a-z]+[A-Z]\w+|\b[A-Z][a-z]+[A-Z]\w*)|\b\w+_\w+\b|@\S|https?:|#\d|\b\d\d+|`",
    ),
    ("number", r"\b(?:\d+|two|three|four|five|ten)\b"),
    (
        "moment",
        r"\b(?:now|yet|first|then|next|today|tomorrow|yesterday|again|still|this\stime|already|done|step\s\d|phase\s\d"
        r"|for\s(?:now|this|that|the)|the\s(?:second|first|last|next|other|new|old|current|rest)|last|remaining|back)\b",
    ),
    (
        "asks_for_task",
        r"^(?:(?:can|could|would)\syou\s|let'?s\s|now\s|then\s|i\s(?:want|need)\s(?:you\s)?(?:to\s)?|i'd\slike\s(?:to\s)?"
        r"|(?:we|you)?\s?need\sto\s|make\ssure\s(?:to\s)?|first\s|also\s|just\s|and\s)*(?:add|create|fix|implement|update"
        r"|remove|delete|change|move|rename|build|generate|write|show|find|continue|go|try|start|give|tell|help|put|set"
        r"|get|open|install|deploy|translate|replace|convert|extract|hide|align|cent(?:er|re)|merge|revert|undo|do|see"
        r"|look|run|make|have|redo|adjust|import|export|upload|download|send|launch|list|copy|save|click|scroll|explain"
        r"|describe|review|investigate|analy[sz]e|debug|proceed|execute|apply|rewrite|integrate|connect|enable|disable"
        r"|increase|reduce|style|design|switch|call|pass|return|render|display|load|fetch|store|parse|sort|filter)\b",
    ),
    (
        "to_an_end",
        rf"\b(?:us(?:e|ing)|utili[sz]e|run|launch|send)\s.*\bto\s(?:\w+\s)?(?:{_THE}|any|it|our)\b|\bfrom\smultiple\b"
        r"|\bfind\sthe\b|\bwhy\b|\bfigure\sout\b",
    ),
    (
        "is_broken",
        r"\b(?:is|are|was|were|looks?|seems?)\s(?:\w+\s)?(?:wrong|broken|missing|slow|empty|blank|gone|bad|off|failing"
        r"|failed|down|too\s\w+)\b|\bdoes\s?n(?:o|')t\swork|\berror\b|\bfails?\b|\bcrash\w*|\bbug\b"
        r"|\bi\s(?:get|got|see|tried|ran|have|had|made|added|think|am|was)\b",
    ),
    (
        "halts",
        r"^(?:(?:please|just|ok)\s)*(?:do\snot|don'?t|stop|no)\s(?:\w+\s)?(?:anything|any\s?more|more|any\sother|the\srest)\b"
        r"|^(?:do\snot|don'?t|stop)\s\w+$|\bonly\s(?:tell|report|analy[sz]e|look|find)\b",
    ),
)  # fmt: skip
_MARKS = tuple((f"#{name}", re.compile(f"(?i){pattern}")) for name, pattern in _SHAPES)


def marks(words: str) -> Iterator[str]:
    """The names of the marks that the sentence has."""
    for name, pattern in _MARKS:
        if pattern.search(words):
            yield name
