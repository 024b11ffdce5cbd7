"""The first lens: lasting preferences and corrections in the human's own words, and refusals with a reason.

One task's instructions, questions, guesses and pasted text are not memories. Never reads anybody else's words.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from memsrv.lenses import grammar, prose, scope, weighing
from memsrv.lenses.answers import answers, chosen
from memsrv.lenses.bidden import is_bidden, is_put_off
from memsrv.lenses.claim import Claim, claim, evidence, in_own_words
from memsrv.lenses.clauses import clauses
from memsrv.lenses.conventions import is_convention
from memsrv.lenses.corrections import is_correction
from memsrv.lenses.manners import is_manner, is_reminder
from memsrv.lenses.phrases import DEFINITE, core
from memsrv.records import Event, EventType, Kind, Trust

_CORRECTING = re.compile(
    r"(?i)^\s*(?:no(?:pe)?\b|actually\b|wrong\b|not\b|that'?s (?:not|wrong)|stop\b|wait\b|again\b|i (?:said"
    r"|told you|meant))"
)
_CANNED = re.compile(
    r"(?i)^(?:\s*$|the user (?:doesn't want|does not want|wants to clarify|chose|declined|rejected)|user (?:"
    r"rejected|chose|declined)"
    r"|request interrupted|\[request interrupted|(?:no|stop|wait|cancel|nvm|never ?mind|not now|hold on|skip)[\s.!]*$)"
)
_MAX_FEEDBACK_WORDS = 60


@dataclass(frozen=True, slots=True)
class _Setting:
    """Where a sentence stands in its session and its message."""

    correcting: bool  # the agent has acted before
    insisted: bool  # they just complained that this comes up again
    alone: bool  # it is no step of a longer task
    of: int  # sentences in its message
    whole: bool = True  # no clause of a longer sentence


def human_words(events: Sequence[Event]) -> Iterator[Claim]:
    acted = False  # whether the agent has done anything yet: only then can words correct it
    calls = {event.call: event for event in events if event.type is EventType.TOOL_CALL and event.call}
    for event in events:
        if event.sidechain:
            continue
        if event.type in (EventType.REPLY, EventType.TOOL_CALL):
            acted = True
        elif event.type is EventType.PROMPT and event.trust is Trust.HUMAN:
            yield from preferences(event, acted)
        elif event.type is EventType.REJECTION and event.trust is Trust.HUMAN:
            yield from _refusal(event, calls.get(event.call or ""))
        else:
            yield from _answered(event)


def _answered(event: Event) -> Iterator[Claim]:
    for answer in answers(event):
        choice = chosen(answer)
        if choice is not None:
            yield claim(choice, Trust.HUMAN, (evidence(event, answer.quote),), event.time)
        else:
            yield from preferences(replace(event, text=answer.words), correcting=False)


def preferences(event: Event, correcting: bool) -> Iterator[Claim]:
    """The preferences in one event of a human; `correcting`: the agent has acted before."""
    said = list(prose.sentences(event.text))
    of = len(said)
    if prose.is_plan(event.text) or scope.is_of_session(
        event.text
    ):  # its steps and demands hold for this piece of work, however they are worded
        said = [sentence for sentence in said if scope.is_lasting(sentence)]
    skip = False
    kept_having = False  # "we keep having this discussion": what follows is meant to last
    for place, sentence in enumerate(said):
        if skip:
            skip = False
            continue
        recurs = _RECURS.search(sentence) and len(sentence.split()) <= 9 and grammar.parse(sentence) is None
        if recurs or _ANNOUNCED.match(sentence):
            kept_having = True
            continue
        following = said[place + 1] if place + 1 < len(said) else ""
        pair = _joined(event.text, sentence, following)
        alone = all(len(before.split()) <= 6 for before in said[:place])
        setting = _Setting(correcting, kept_having, alone, of)
        if pair is not None and (found := _read(event, pair, setting)) is not None:
            yield found
            skip = True
        else:
            yield from _taken_apart(event, sentence, setting)
        kept_having = False


def _taken_apart(event: Event, sentence: str, setting: _Setting) -> Iterator[Claim]:
    """The sentence as one claim, or each of its clauses where they say several things."""
    whole = _read(event, sentence, setting)
    replaced = whole is not None and whole.relation == "replacement"
    if not replaced and not scope.is_passing(sentence):
        parts = [_read(event, clause, replace(setting, whole=False)) for clause in clauses(sentence)]
        found = [part for part in parts if part is not None and (part.subject is not None or whole is None)]
        if len(found) > 1 or (found and (whole is None or whole.subject is None)):
            yield from found
            return
    if whole is not None:
        yield whole


def _joined(text: str, sentence: str, following: str) -> str | None:
    """ "Don't mock X. Mock Y instead." is one correction in two sentences."""
    first = re.match(
        r"(?i)(?:no,?\s+|please\s+)*(?:don'?t|do not|never)\s+(use|mock|stub|patch|call|import|run|write|put|name"
        r"|choose|install)\b",
        sentence,
    )
    if (
        first is None
        or not following
        or not re.match(rf"(?i)(?:please\s+|just\s+|instead,?\s+|always\s+)*{first[1]}\b", following)
    ):
        return None
    start = text.find(sentence)
    end = text.find(following, start + len(sentence))
    between = text[start + len(sentence) : end]
    return text[start : end + len(following)] if start >= 0 and end >= 0 and not between.strip(" ;\n") else None


def _read(event: Event, sentence: str, setting: _Setting) -> Claim | None:
    words = core(sentence)
    if (setting.correcting and is_reminder(words)) or is_bidden(words, sentence):
        return in_own_words(sentence, Trust.HUMAN, (evidence(event, sentence),), event.time, Kind.SEMANTIC)
    if scope.is_passing(sentence):
        if is_put_off(words) or (scope.is_release(sentence) and weighing.stands(sentence, of=setting.of)):
            return in_own_words(sentence, Trust.HUMAN, (evidence(event, sentence),), event.time, Kind.SEMANTIC)
        return None
    ruled = setting.insisted or prose.is_rule_list(event.text, sentence)
    durable = ruled or scope.is_durable(sentence)
    parsed = grammar.parse(sentence)
    quotes = (evidence(event, sentence),)
    if parsed is not None:
        if _TOLD_YOU.match(sentence) and not parsed.general and DEFINITE.search(parsed.reading.value):
            return None  # "you should not modify the output folder": this piece of work
        corrects = setting.correcting and parsed.correcting and _CORRECTING.match(sentence) is not None
        if durable or parsed.general or corrects:
            return claim(parsed.reading, Trust.HUMAN, quotes, event.time)
    if scope.is_standing(words, sentence) or is_convention(words) or is_correction(words) or is_manner(words):
        return in_own_words(sentence, Trust.HUMAN, quotes, event.time, Kind.SEMANTIC)
    if setting.whole and weighing.stands(sentence, of=setting.of):
        return in_own_words(sentence, Trust.HUMAN, quotes, event.time, Kind.SEMANTIC)
    if parsed is not None:
        return None
    if (
        (ruled or (durable and _is_wish(sentence) and (setting.alone or not _BARE.match(sentence))))
        and not scope.is_report(sentence)
        and not scope.is_pointing(core(sentence))
        and len(sentence.split()) >= 4
    ):
        return in_own_words(sentence, Trust.HUMAN, quotes, event.time, Kind.SEMANTIC)
    return None


_RECURS = re.compile(
    r"(?i)\b(?:(?:we|you) keep \w+ing|same (?:discussion|mistakes?)|how many times|(?:told|asked) you (?:thi"
    r"s )?(?:before|already|many times))\b(?![^.]*:)"
)
#: "Going forward." What comes next is meant to last.
_ANNOUNCED = re.compile(
    r"(?i)^(?:ok(?:ay)?[\s,]+|so[\s,]+|and[\s,]+)*(?:going\sforward|from\s(?:now|here)\son|in\s(?:the\s)?future|for\s(?:the\s)?future(?:\sreference)?|as\sa\s(?:general\s)?rule|(?:general|new|another|important)\srule"
    r"|(?:going\sforward,?\s|from\snow\son,?\s)?(?:this|that)\s(?:should|must|will)\s(?:\w+\s)?be\s(?:our|your|the|my)\s(?:\w+\s)?(?:approach|process|workflow|way|default|routine|rule|procedure))\W*$"
)
_TOLD_YOU = re.compile(r"(?i)^(?:(?:please|also|and|but|note(?:\sthat)?)[\s,]+)*you\s(?:should|must)\snot\b")
_BARE = re.compile(r"(?i)^(?:please )?(?:always|never)\b")  # may also be a step: "… always show it on the line before"
_WISH = re.compile(
    r"(?ix)^(?:(?:no|ok(?:ay)?|please|and|also|again|remember(?:\s(?:that|to))?|note)[\s,:!-]+)*"
    r"(?:always|never|from\snow\son|going\sforward|in\s(?:the\s)?future|for\s(?:the\s)?future|whenever"
    r"|(?:every|each)\stime|as\sa\srule|don'?t\sever|no\smore"
    r"|i\s(?:strongly\s|really\s|generally\s)?(?:prefer|hate|dislike|insist|want\syou\sto\s(?:always|never))"
    r"|i(?:'d|\swould)\srather(?!\s(?:have|get|see)\san?\s)"
    r"|let'?s\s(?:always|never)|we\s(?:always|never|prefer|avoid|only|decided|agreed|keep\s(?:having|telling|saying|repeating))|our\s"
    r"(?:convention|policy|rule|standard|style)|the\s(?:rule|convention|policy)"
    r"|you\s(?:should|must)\s(?:always|never|not)|how\smany\stimes"
    r"|i(?:'ve|\shave)?\s(?:already\s)?told\syou(?!\s(?:the|it|its|it's|that\s(?:the|it)|this|there|what|why|how|my|your|about|i)\b)"
    r"|(?:for|in|on)\s(?:this|our)\s(?:project|repo(?:sitory)?|code\s?base))\b"
)


#: Words of one piece of work: what it points at, and what a program (not a person) always does.
_AT_HAND = re.compile(
    r"(?ix)\b(?:this|these|those)\b(?!\s(?:project|repo|repository|code\s?base|monorepo|team))|\b(?:remove|delete|fix|change|revert)\sit\b"
    r"|^(?:please\s)?(?:always|never)\s(?:return|show|call|display|set|render|raise|throw|pass(?!\s-)|load|fetch|draw|print|hide|open|crash|fail)\b"
)
#: A choice between things at hand, and a dislike of one.
_CHOICE = re.compile(
    r"(?i)\bi(?:'d|\swould)\srather\s(?:\w+\s){0,2}(?:the|option|this|that|my|your|[a-z]\b)"
    r"|\bi\s(?:really\s)?(?:hate|dislike)\s(?:the|that|my|your)\s(?!you\b|we\b|it\b)"
)
_OCCASION = re.compile(r"(?i)^(?:whenever|(?:every|each) time)\b")
_THEN = re.compile(
    r"(?i), (?:please |also |you (?:must|should) )?(?:don't|do not|never|always|make sure"
    r"|\w+e?n? (?:the|a|an|your|our|all)\b|run|ask|use)"
)


def _is_wish(sentence: str) -> bool:
    if (
        _AT_HAND.search(sentence)
        or _CHOICE.search(sentence)
        or (_OCCASION.match(sentence) and not _THEN.search(sentence))
    ):
        return False
    return _WISH.match(sentence) is not None or re.match(r"(?i)(?:please )?remember\b", sentence) is not None


def _refusal(event: Event, refused: Event | None) -> Iterator[Claim]:
    words = event.text.strip()
    if _CANNED.match(words) or scope.is_question(words) or len(words.split()) < 3:
        return
    found = list(preferences(event, correcting=True))
    if found:
        yield from found
    elif len(words.split()) <= _MAX_FEEDBACK_WORDS and not re.search(
        r"(?i)\b(?:for now|right now|this time|later|first check)\b", words
    ):
        what = (
            f"`{refused.command.splitlines()[0][:80]}`"
            if refused and refused.command
            else (refused.tool if refused else None)
        )
        told = " ".join(words.split())
        text = (
            f"Asked to allow {what}, the user refused and said: {told}"
            if what
            else f"Refusing a step, the user said: {told}"
        )
        yield in_own_words(text, Trust.HUMAN, (evidence(event, words),), event.time, Kind.SEMANTIC)
