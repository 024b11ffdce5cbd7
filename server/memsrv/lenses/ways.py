"""Sentences that state how the project's tasks are run, and what was decided. One in, at most one reading out."""

import re

from memsrv.lenses.claim import THIS_PROJECT, Reading
from memsrv.lenses.phrases import clean
from memsrv.lenses.subjects import subject_of
from memsrv.lenses.topics import topic_of

_LINE = (
    r"`[^`]+`|(?:make|just|npm|npx|pnpm|yarn|bun|uv|poetry|cargo|go|python3?|pytest|tox|nox|docker|docker-compose|gradle|mvn|rake|bundle|mix|dotnet"
    r"|task|invoke|nx|turbo|deno|(?=\./)|(?=[\w/]+\.sh\b))\s*[\w:./ =-]+"
)

_TASKS = (
    r"(?P<task>(?:unit\s+|integration\s+|e2e\s+|end-to-end\s+|all\s+)?tests?|(?:test\s+)?suite|build|linter|lint"
    r"|formatter|migrations?|dev\s+server|server|app|deploy(?:ment)?|type\s?check(?:er|s|ing)?|docs|backend|frontend|api|worker|storybook|seed(?:s"
    r"|ing)?|release|benchmarks?)"
)

_COMMAND_FOR = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:the\s+|our\s+)?{_TASKS}\s+runs?\s+(?:with|via|using|through)\s+(?P<value>{_LINE})$",
        rf"^(?:the\s+|our\s+)?{_TASKS}\s+(?:(?:is|are)|(?:must|should|have\s+to|need\s+to)\s+be)\s+(?:always\s+|now\s+)?(?:run|started|built|executed"
        rf"|launched|deployed|applied|done)\s+(?:with|via|using|by|through)\s+(?:running\s+)?(?P<value>"
        rf"{_LINE})$",
        rf"^(?:always\s+|we\s+|you\s+(?:can|should|must)\s+)*(?:run|start|execute|launch|apply|do)\s+(?:the\s"
        rf"+|our\s+|all\s+(?:the\s+)?)?{_TASKS}\s+(?:with|via|using|by|through)\s+(?:running\s+)?(?P<value>"
        rf"{_LINE})$",
        rf"^(?:to|for)\s+(?:run(?:ning)?|start(?:ing)?|execut(?:e|ing)|launch(?:ing)?|apply(?:ing)?)\s+(?:the"
        rf"\s+|our\s+|all\s+(?:the\s+)?)?{_TASKS},?\s+(?:we\s+|you\s+(?:can|should|must)\s+)?(?:always\s+)?(?"
        rf":use|run|type|call|execute)\s+(?P<value>{_LINE})$",
        rf"^(?:always\s+|we\s+|you\s+(?:can|should|must)\s+)*(?:use|run|call)\s+(?P<value>`[^`]+`)\s+(?:to\s+"
        rf"(?:run|start|execute|launch|apply|do)|for)\s+(?:the\s+|our\s+|all\s+(?:the\s+)?)?{_TASKS}$",
        rf"^(?:(?:we|you)\s+)?(?P<task>deploy|build|lint|format|release|type-?check|test|migrate)\s+(?:(?!this\b|that\b|it\b)\w+\s+)"
        rf"{{0,3}}?(?:with|via|using|by\s+running)\s+(?P<value>{_LINE})$",
    )
)

_DECIDED = re.compile(
    r"^(?:(?:ok(?:ay)?|so|yes|alright|right|well)[\s,]+)*(?:we(?:'ve|\s+have)?\s+(?:decided|agreed|settled)"
    r"\s+(?:on|to\s+use|to\s+go\s+with|to\s+switch\s+to|to\s+adopt)|(?:let'?s|we(?:'re|\s+are)\s+going\s+to"
    r"|we(?:'re|\s+are|'ll|\s+will))\s+(?:go(?:ing)?\s+with|stick(?:ing)?\s+with|settle\s+on|standardi[sz]e"
    r"\s+on)|(?:the\s+)?(?:final\s+)?decision(?:\s+is)?:?(?:\s+(?:to\s+use|use|go\s+with|we\s+use|we\s+go\s+"
    r"with))?)\s+(?P<value>.+)$",
    re.IGNORECASE,
)

_KEPT_IN = re.compile(
    r"^we(?:'ve|\s+have)?\s+(?:decided|agreed)\s+to\s+(?:keep|put|store|run|host)\s+(?P<subject>(?:the|our"
    r"|all)\s+[^,]{3,40}?)"
    r"\s+(?:in|on)\s+(?P<value>[^,]{2,40})(?:,|$)",
    re.IGNORECASE,
)

_TASK_NAMES = {
    "tests": "test command",
    "test": "test command",
    "suite": "test command",
    "linter": "lint command",
    "lint": "lint command",
    "formatter": "format command",
    "format": "format command",
    "migration": "migration command",
    "migrations": "migration command",
    "migrate": "migration command",
    "dev server": "dev server command",
    "server": "start command",
    "app": "start command",
    "backend": "backend start command",
    "frontend": "frontend start command",
    "api": "API start command",
    "worker": "worker start command",
    "deployment": "deploy command",
    "deploy": "deploy command",
    "build": "build command",
    "docs": "docs command",
    "release": "release command",
}


def command(ticked: str, plain: str) -> Reading | None:
    for pattern in _COMMAND_FOR:
        found = pattern.match(ticked)
        if found is not None:
            task = " ".join(found["task"].lower().split())
            task = re.sub(r"^all\s+", "", task)
            qualified = re.match(r"(unit|integration|e2e|end-to-end)\s+tests?$", task)
            relation = f"{qualified[1]} test command" if qualified else _TASK_NAMES.get(task, f"{task} command")
            return Reading(THIS_PROJECT, relation, clean(found["value"]))
    return None


def decision(ticked: str, plain: str) -> Reading | None:
    kept = _KEPT_IN.match(plain)
    if kept is not None:
        return Reading(subject_of(kept["subject"]), "use", clean(kept["value"]))
    found = _DECIDED.match(plain)
    if found is None:
        return None
    value = clean(
        re.split(
            r"(?i)[,;]\s|\s+(?:because|since|as\s+it|so\s+that|instead\s+of|rather\s+than|over|not)\s", found["value"]
        )[0]
    )
    value = re.sub(r"(?i)^(?:to\s+use|use|the)\s+", "", value)
    about = re.match(r"(?i)^(?P<what>.+?)\s+(?:for|as)\s+(?P<subject>[^,]{3,50})$", value)
    if about is not None and not re.search(r"(?i)\b(?:now|this|that|these|those|it|here)\b", about["subject"]):
        return Reading(subject_of(about["subject"]), "use", clean(about["what"]))
    topic = topic_of(value)
    return Reading(topic, "use", value) if topic is not None else None


def is_decision(sentence: str) -> bool:
    return (
        re.match(
            r"(?i)^(?:(?:ok(?:ay)?|so)[\s,]+)?(?:(?:the\s+)?(?:final\s+)?decision\s*(?:is)?\s*[:–-]|we(?:'ve"
            r"|\s+have)?\s+(?:decided|agreed|settled)\b)",
            sentence,
        )
        is not None
    )
