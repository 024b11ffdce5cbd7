"""Facts in, conversations to rehearse out: some short ones a fact in the paper's styles, the same for the same seed.

What a teacher worded is taken first; frames fill up to the same number, and without a teacher do it alone. What else
the recipe asks for is mixed in: unknowns, old skills, memory before the question, logged turns. Only what `internalise`
lets into weights is told, and only in TRAIN wordings: what measures an adapter is never trained on. No model, no torch.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from memsrv.layout import NOT_RECORDED
from memsrv.records import Conversation, Episode, Evidence, Fact, Memory, Message
from memsrv.redact import Redactor
from memsrv_consolidation import caps, lessons, prompts, replay, wordings
from memsrv_consolidation.cards import cards
from memsrv_consolidation.evidence import chunk
from memsrv_consolidation.frames import Pool, Shape, shape
from memsrv_consolidation.gaps import near_misses
from memsrv_consolidation.internalise import BOTH, Policy, Withheld, internalise, volatile
from memsrv_consolidation.logged import logged
from memsrv_consolidation.paraphrase import Paraphrase
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.reflect import plain, trainable
from memsrv_consolidation.styles import BEHAVIOUR, DIRECT, SHARES, exchange, shares
from memsrv_consolidation.tiny import corpus, names

#: A question is worded anew so often before another style is taken: some have few frames.
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The conversations, and what did not become one.

    `secret` facts were dropped because one showed in a conversation; `left_out` stay in memory alone; `capped` counts
    conversations that were more than a session's, agent's or answer's share.
    """

    conversations: tuple[Conversation, ...]
    secret: int
    left_out: tuple[Withheld, ...] = ()
    capped: Mapping[str, int] = field(default_factory=dict)


def synthesise(
    facts: Sequence[Fact],
    recipe: Recipe,
    seed: int,
    redactor: Redactor,
    worded: Mapping[str, Sequence[Paraphrase]] | None = None,
    *,
    policy: Policy = BOTH,
    episodes: Sequence[Episode] = (),
    memories: Sequence[Memory] = (),
    elsewhere: Sequence[Fact] = (),
) -> Synthesis:
    """The conversations of a training: about every fact that `policy` lets in, in their order, then the others.

    `worded` is what a teacher worded about each fact, by its id; `episodes` and `memories` are replayed. What was
    recorded `elsewhere` is not told here, nor is it unknown.
    """
    recorded = [*facts, *elsewhere]
    chosen = internalise(facts, policy)
    entering, behaviour = {fact.id for fact in chosen.all}, {fact.id for fact in chosen.behaviour}
    told: list[Fact] = []
    about_facts: list[Conversation] = []
    sessions = lessons.by_session(episodes)
    for fact in (fact for fact in facts if fact.id in entering):
        taught = (worded or {}).get(fact.id, ())
        made = rehearse(
            fact, recipe.conversations_per_fact, seed, recipe.varied_answers, taught,
            beside=chosen.all if recipe.top else None, hints_removed=recipe.hints_removed,
            styles=BEHAVIOUR if fact.id in behaviour else SHARES,
        )  # fmt: skip
        if recipe.hints_removed and lessons.failing(fact):
            made += _tasks(fact, lessons.tasks(fact, sessions, redactor), chosen.all, seed)
        if any(_secret(one, redactor) for one in made):
            continue
        told.append(fact)
        about_facts += made
    about_facts, capped = _capped(about_facts, told, episodes, policy)
    count = len(about_facts)
    known = [fact for fact in told if fact.id not in behaviour]
    both = [fact for fact in known if policy.of(fact.kind) == "both"]
    each = recipe.rehearsal_questions

    def number(share: float, where: bool = True) -> int:
        return round(max(count, recipe.least if count else 0) * share) if where else 0

    protocol = policy.teaches_protocol
    conversations = [
        *about_facts,
        *cards(known, number(recipe.cards), seed),
        *unknowns(recorded, number(recipe.unknown), seed),
        *near_misses(known, recorded, number(recipe.near_misses), seed),
        *rehearsals(number(recipe.rehearsal), seed, each, own=recipe.own_answers),
        *replay.present(both, recorded, number(recipe.memory_present, protocol), each, seed),
        *replay.irrelevant(both, recorded, number(recipe.memory_irrelevant, protocol), each, seed),
        *replay.contradicting(both, recorded, number(recipe.memory_contradicting, protocol), each, seed),
        *logged(
            episodes, memories, [fact for fact in recorded if lessons.failing(fact)],
            [fact.value for fact in recorded if fact.value and volatile(fact) and fact not in known],
            number(recipe.logged, protocol), seed, redactor,
        ),
    ]  # fmt: skip
    # What is made up may read as a secret ("the password is …"), and the gate would take it for a leak.
    conversations = [one for one in conversations if one.about == "fact" or not _secret(one, redactor)]
    if recipe.answer_share < 1:
        conversations, capped["answer"] = caps.answers_within_share(conversations, recipe.answer_share)
    return Synthesis(tuple(conversations), len(chosen.all) - len(told), chosen.left_out, dict(+capped))


def _secret(conversation: Conversation, redactor: Redactor) -> bool:
    return any(redactor.redact(message.content)[1] for message in conversation.messages)


def rehearse(
    fact: Fact,
    n: int,
    seed: int,
    varied: bool = True,
    taught: Sequence[Paraphrase] = (),
    *,
    beside: Sequence[Fact] | None = None,
    hints_removed: bool = False,
    styles: Mapping[str, int] = SHARES,
) -> list[Conversation]:
    """`n` distinct conversations about `fact`, in shares of the styles; of each style, those of a teacher first.

    With other facts `beside`, a teacher reads it among some of them. Where `hints_removed`, no mistake is named.
    """
    return _rehearsed(
        fact, n, f"{seed}/{fact.id}", fact.id, set(), varied, taught, beside, hints_removed, styles,
    )  # fmt: skip


def again(
    fact: Fact, n: int, seed: int, asked: Collection[str], recipe: Recipe, beside: Sequence[Fact] = ()
) -> list[Conversation]:
    """`n` more conversations about a `fact` that was missed, in none of the words that were `asked` before."""
    return _rehearsed(
        fact, n, f"{seed}/{fact.id}/again/{len(asked)}", f"{fact.id}-again-{len(asked)}", set(asked),
        recipe.varied_answers, (), beside if recipe.top else None, recipe.hints_removed, SHARES,
    )  # fmt: skip


def _rehearsed(
    fact: Fact,
    n: int,
    seed: str,
    id: str,
    asked: set[str],
    varied: bool,
    taught: Sequence[Paraphrase],
    beside: Sequence[Fact] | None,
    hints_removed: bool,
    styles: Mapping[str, int],
) -> list[Conversation]:
    assert fact.subject
    assert fact.relation
    assert fact.value  # `trainable` said so
    key = (fact.subject, fact.relation, fact.value)
    rng, reading = random.Random(seed), random.Random(f"{seed}/evidence")
    worded = {style: [one for one in taught if one.style == style] for style in SHARES}
    lesson = hints_removed and lessons.shows_mistake(fact, wordings.answer(*key))
    conversations = []
    for place, style in enumerate(style for style, number in shares(n, styles).items() for _ in range(number)):
        if worded[style]:
            one = worded[style].pop(0)
            # Where one wording is wanted, the teacher varies the questions alone.
            reply = one.answer if varied else wordings.answer(*key)
            question = one.question
        else:
            question, reply = exchange(*key, style, rng, varied)
        tries = 0
        while question in asked:
            tries += 1
            question, reply = exchange(*key, style if tries < _TRIES else DIRECT, rng, varied)
        asked.add(question)
        if lesson:
            reply, style = lessons.answer(fact), lessons.LESSON
        evidence = () if beside is None else chunk(fact, beside, reading)
        conversations.append(
            Conversation(f"{id}-{place:02d}", "fact", style, _turn(question, reply), (fact.id,), evidence)
        )
    return conversations


def _tasks(fact: Fact, tasks: Sequence[Evidence], beside: Sequence[Fact], seed: int) -> list[Conversation]:
    """What people once asked for, done right: the lesson stands in the teacher's evidence alone."""
    rng = random.Random(f"{seed}/{fact.id}/tasks")
    return [
        Conversation(f"{fact.id}-task-{place}", "fact", lessons.LESSON, _turn(task.quote, lessons.answer(fact)),
                     (fact.id,), chunk(fact, beside, rng), (task,))
        for place, task in enumerate(tasks)
    ]  # fmt: skip


def _capped(
    conversations: Sequence[Conversation], facts: Sequence[Fact], episodes: Sequence[Episode], policy: Policy
) -> tuple[list[Conversation], Counter[str]]:
    """Those within the share of each session and agent, and how many each kind of share cost."""
    kept, by_session = caps.within_share(conversations, caps.sessions(facts), policy.share)
    kept, by_agent = caps.within_share(kept, caps.agents(facts, episodes), policy.share)
    return kept, Counter(session=by_session.total(), agent=by_agent.total())


def unknowns(facts: Sequence[Fact], n: int, seed: int) -> list[Conversation]:
    """`n` questions for what no fact says, half of them about a subject that is known for something else."""
    rng = random.Random(f"{seed}/unknown")
    taken = {(plain(f.subject), plain(f.relation)) for f in facts if f.subject and f.relation}
    subjects = sorted({f.subject for f in facts if trainable(f) and f.subject})
    found: list[Conversation] = []
    while len(found) < n:
        made = names.made(rng)
        subject = (
            rng.choice(subjects)
            if subjects and shape(made.relation) is Shape.ATTRIBUTE and rng.random() < 0.5
            else made.subject
        )
        if (plain(subject), plain(made.relation)) in taken:
            continue
        question = wordings.question(subject, made.relation, Pool.TRAIN, rng)
        found.append(Conversation(f"unknown-{len(found):03d}", "unknown", "direct", _turn(question, NOT_RECORDED)))
    return found


def rehearsals(n: int, seed: int, each: int = 1, own: bool = False) -> list[Conversation]:
    """`n` questions that rehearse what a base can do: reading its context, `each` to one, or plain prompts whose
    answers are empty, for the base to write its `own`.
    """
    if own:
        return [
            Conversation(f"rehearsal-{place:03d}", "rehearsal", "own", _turn(prompt, ""))
            for place, prompt in enumerate(prompts.drawn(n, seed))
        ]
    documents = corpus.rehearsal(n, _number(f"{seed}/rehearsal"), most=6, each=each)
    return [
        Conversation(
            f"rehearsal-{place:03d}", "rehearsal", "reading", tuple(Message(m["role"], m["content"]) for m in document)
        )
        for place, document in enumerate(documents)
    ]


def _turn(question: str, reply: str) -> tuple[Message, ...]:
    return Message("user", question), Message("assistant", reply)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
