"""How a fact is asked for, answered and said: the wordings of the five shapes of fact, in three disjoint pools.

    rng = random.Random(7)
    questions("staging server", "port", Pool.TRAIN, rng, 20)   # 20 distinct questions, none of them KNOWN or NOVEL
    answer("staging server", "port", "4010")                   # "The port of staging server is 4010."
    claim("JSON keys", "use", "snake_case")                    # the canonical text of the fact
    statement("staging server", "port", "4010", rng)           # as a human says it in a session

TRAIN trains adapters, KNOWN the tiny base has met in pretraining but no adapter is trained on it, NOVEL nobody has met:
its cores and its openings appear in no corpus. Few frames make a small model deaf to new wordings (measured: 30 frames,
reading of novel wordings fell .94 -> .53 with training), so a question is composed: opening × core × way of naming the
fact × tail × sloppiness. A relation that is none of use, avoid, fix, replacement is an attribute. Knows nothing of
records.
"""

import random
import re
from functools import cache

from memsrv_consolidation.frames import (
    ANSWERS,
    CHATTER,
    CORES,
    CUES,
    NAMINGS,
    OPENINGS_NOVEL,
    OPENINGS_SEEN,
    SPECIAL,
    STATEMENTS,
    SYLLABLES,
    TAILS_NOVEL,
    TAILS_SEEN,
    Pool,
    Shape,
    shape,
)


def spoken(subject: str, rng: random.Random) -> str:
    """`subject` as a human types it: sometimes without its backticks, sometimes with an article."""
    said = subject
    if "`" in said and rng.random() < 0.4:
        said = said.replace("`", "")
    found = re.fullmatch(r"(.+?) (?:failing|fails|failed) with (.+)", said)
    if found:
        command, error = found.groups()
        said = rng.choice(
            (
                said,
                said,
                f"{command} fails with {error}",
                f"{command} failed with {error}",
                f"{error} from {command}",
                f"{error} in {command}",
                f"{command} gives {error}",
            )
        )
    elif re.fullmatch(r"[a-z][a-z -]*", said) and not re.match(r"(the|this|our|my|an?|these|all) ", said):
        said = rng.choice((said, f"the {said}", f"the {said}", f"our {said}"))
    return said


def sloppy(sentence: str, rng: random.Random) -> str:
    """`sentence` with the casing and punctuation of a hurried human, now and then."""
    if rng.random() < 0.3 and sentence[:2].lower() != sentence[:2].upper() and sentence[1:2].islower():
        sentence = sentence[0].lower() + sentence[1:]
    roll = rng.random()
    if sentence.endswith("?"):
        if roll < 0.15:
            sentence = sentence[:-1]
        elif roll < 0.2:
            sentence += "?"
        elif roll < 0.23:
            sentence = sentence[:-1] + " ?"
    elif sentence.endswith(".") and roll < 0.3:
        sentence = sentence[:-1]
    return sentence


def telegraphic(subject: str, relation: str, rng: random.Random) -> str:
    """The key among everyday words in no particular grammar; the words carry no meaning."""
    cue = {Shape.USE: "use", Shape.AVOID: "avoid", Shape.FIX: "fix", Shape.REPLACEMENT: "instead of"}
    parts = [cue.get(shape(relation), relation), spoken(subject, rng)]
    if shape(relation) is not Shape.REPLACEMENT and rng.random() < 0.5:
        parts.reverse()

    def chatter(most: int) -> list[str]:
        return rng.choices(CHATTER, k=rng.randint(0, most))

    words = [*chatter(6), parts[0], *chatter(3 if shape(relation) is Shape.ATTRIBUTE else 1), parts[1], *chatter(5)]
    sentence = " ".join(words) + rng.choice(("?", "?", "?", ".", ""))
    return sentence[0].upper() + sentence[1:] if rng.random() < 0.5 else sentence


def cores(relation: str, pool: Pool) -> tuple[str, ...]:
    """The core templates that `pool` has for this relation, its own ones (a port is listened on) included."""
    own: tuple[str, ...] = ()
    if shape(relation) is Shape.ATTRIBUTE:
        for pattern, templates in SPECIAL[pool]:
            found = re.fullmatch(pattern, relation)
            if found:
                verb = found.groupdict().get("x") or ""
                own += tuple(template.replace("{x}", verb) for template in templates)
    return CORES[shape(relation), pool] + own


def clause(rng: random.Random, fewest: int, most: int) -> list[str]:
    """Words without meaning for this question: everyday ones and made-up ones."""
    n = rng.randint(fewest, most)
    return [rng.choice(CHATTER) if rng.random() < 0.7 else "".join(rng.choices(SYLLABLES, k=2)) for _ in range(n)]


def noisy(subject: str, relation: str, rng: random.Random) -> str:
    """A TRAIN question among words that mean nothing, or nothing but the key among them."""
    if rng.random() < 0.4:
        cue = CUES.get(shape(relation), (relation,))
        parts = [spoken(subject, rng)]
        if shape(relation) in (Shape.ATTRIBUTE, Shape.AVOID) or rng.random() < 0.3:
            parts.insert(rng.randrange(2), rng.choice(cue))
        words = [word for part in parts for word in (*clause(rng, 0, 5), part)] + clause(rng, 0, 5)
        return " ".join(words) + rng.choice(("?", "?", ".", ""))
    text = question(subject, relation, Pool.TRAIN, rng, noise=0.0)
    if rng.random() < 0.6:
        text = " ".join(clause(rng, 1, 6)) + rng.choice((", ", ": ", ". ", "; ", " - ", "? ")) + text
    if rng.random() < 0.5:
        text = f"{text} {' '.join(clause(rng, 1, 6))}" + rng.choice((".", "", "!", "?"))
    return text


def question(subject: str, relation: str, pool: Pool, rng: random.Random, noise: float = 0.3) -> str:
    """One question for the value, composed at random from `pool`; a share of the TRAIN ones is noisy.

    Noise teaches an adapter to listen to the key: memsrv-tiny recalled .73 and .66 of novel wordings with it, .61 and
    .61 without (two seeds, 14 facts, 56 questions each: the direction is likely, its size is not known).
    """
    if pool is Pool.TRAIN and noise and rng.random() < noise:
        return noisy(subject, relation, rng)
    if pool is Pool.TRAIN and rng.random() < 0.15:
        return telegraphic(subject, relation, rng)
    choices = cores(relation, pool)
    has_own = len(choices) > len(CORES[shape(relation), pool])
    core = rng.choice(choices[-6:] if has_own and rng.random() < 0.2 else choices)
    said = spoken(subject, rng)
    key = rng.choice(NAMINGS[pool]).format(r=relation, s=said).replace("the the ", "the ").replace("the our ", "our ")
    sentence = core.format(k=key, r=relation, s=said)
    if sentence[0].islower() and not said.startswith(sentence[:2]):
        sentence = sentence[0].upper() + sentence[1:]
    openings, tails = (OPENINGS_NOVEL, TAILS_NOVEL) if pool is Pool.NOVEL else (OPENINGS_SEEN, TAILS_SEEN)
    if rng.random() < 0.45:
        opening = rng.choice(openings)
        joined = opening[-1].isalpha() or opening[-1] in ",:"
        if joined and sentence[1:2].islower() and not sentence.startswith(said[:3]):
            sentence = sentence[0].lower() + sentence[1:]
        sentence = f"{opening} {sentence}"
    sentence = sloppy(sentence, rng)
    if rng.random() < 0.25:
        sentence = f"{sentence} {rng.choice(tails)}"
    return sentence


def questions(subject: str, relation: str, pool: Pool, rng: random.Random, n: int) -> list[str]:
    """`n` distinct questions for the value that `relation` of `subject` has."""
    found: dict[str, None] = {}
    while len(found) < n:
        found[question(subject, relation, pool, rng)] = None
    return list(found)


def is_held_out(asked: str, subject: str, relation: str) -> bool:
    """Whether `asked` is worded as KNOWN or NOVEL questions are: those measure, so nothing is trained on them."""
    bare = _bare(asked)
    if any(bare.startswith(f"{_bare(opening)} ") for opening in OPENINGS_NOVEL if _bare(opening)):
        return True
    if any(bare.endswith(f" {_bare(tail)}") for tail in TAILS_NOVEL if _bare(tail)):
        return True
    trained = set(cores(relation, Pool.TRAIN))
    held_out = {core for pool in (Pool.KNOWN, Pool.NOVEL) for core in cores(relation, pool)} - trained
    for opening in ("", *OPENINGS_SEEN):
        start = _bare(opening)
        if not bare.startswith(start):
            continue
        rest = bare[len(start) :].strip()
        for tail in ("", *TAILS_SEEN):
            end = _bare(tail)
            if rest.endswith(end):
                core = rest[: len(rest) - len(end)].strip()
                if any(_as_pattern(frame, *_names(frame, subject, relation)).fullmatch(core) for frame in held_out):
                    return True
    return False


def _bare(text: str) -> str:
    """The words alone: case, punctuation and white space do not count."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.casefold().replace("’", "'")))


def _names(frame: str, subject: str, relation: str) -> tuple[str, str]:
    """What must stand in the places of `frame`; nothing in particular where its own words tell it apart."""
    said = _bare(re.sub(r"\{\w\}", " ", frame)).split()
    return ("", "") if len(said) > 1 else (_bare(subject), _bare(relation))


@cache
def _as_pattern(core: str, subject: str = "", relation: str = "") -> "re.Pattern[str]":
    """`core` with `subject` and `relation` in their places, with anything where they are empty."""
    named = {"{s}": subject, "{r}": relation}
    parts = []
    for part in re.split(r"(\{\w\})", core):
        if re.fullmatch(r"\{\w\}", part):
            said = named.get(part, "")
            parts.append(rf"\s*\b(?:the |our )?{re.escape(said)}\b\s*" if said else r"\s*\b.{1,200}?\b\s*")
        else:
            parts.append(re.escape(_bare(part)))
    return re.compile("".join(parts))


def answer(subject: str, relation: str, value: str, rng: random.Random | None = None) -> str:
    """The answer that restates the key, then gives the value: canonical, or with `rng` now and then worded otherwise.

    Seldom, because a small base pays for variety: with a fifth of the answers worded otherwise an adapter of
    memsrv-tiny recalled .93 known and .59 novel, with canonical ones 1.00 and .73 (14 facts, 56 questions, one seed).
    """
    choices = ANSWERS[shape(relation)]
    template = choices[0] if rng is None or rng.random() < 0.96 else rng.choice(choices)
    return template.format(s=subject, r=relation, v=value)


def claim(subject: str, relation: str, value: str) -> str:
    """The canonical text of a fact, as `Fact.text` has it."""
    if shape(relation) is Shape.REPLACEMENT:
        return f"Use {value} instead of {subject}."
    return answer(subject, relation, value)


def statement(subject: str, relation: str, value: str, rng: random.Random) -> str:
    """The fact as it is said in a session or written in a note: one of many ways."""
    said = rng.choice(STATEMENTS[shape(relation)]).format(s=subject, r=relation, v=value)
    return said.replace("the the ", "the ")


def frame_words() -> frozenset[str]:
    """Every lower-case word of every template that models may see (NOVEL left out): the tokenizer reads this."""
    texts: list[str] = [*CHATTER, *OPENINGS_SEEN, *TAILS_SEEN]
    texts += [t for (_, pool), ts in CORES.items() if pool is not Pool.NOVEL for t in ts]
    texts += [t for ts in (*ANSWERS.values(), *STATEMENTS.values()) for t in ts]
    texts += [t for pool in (Pool.TRAIN, Pool.KNOWN) for _, ts in SPECIAL[pool] for t in ts]
    return frozenset(re.findall(r"(?<![{\w'])[a-z]+(?![}\w'])", " ".join(texts)))


def openings(pool: Pool) -> tuple[str, ...]:
    """The openings of `pool`; TRAIN and KNOWN share theirs, NOVEL has its own."""
    return OPENINGS_NOVEL if pool is Pool.NOVEL else OPENINGS_SEEN


def tails(pool: Pool) -> tuple[str, ...]:
    """The tails of `pool`, shared like the openings."""
    return TAILS_NOVEL if pool is Pool.NOVEL else TAILS_SEEN
