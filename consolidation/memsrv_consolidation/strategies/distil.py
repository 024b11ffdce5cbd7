"""Context distillation from the same base: what it says where it reads the evidence, it learns to say without.

The teacher is the base with the adapter off, asked once (`teacher`). Each half epoch a look is taken, the best state is
kept (`selection`), and what that still misses is rehearsed again in new wordings. Killed anywhere, it goes on to the
same weights. torch, trl and peft are imported inside the functions.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from memsrv.records import Conversation, Fact
from memsrv_consolidation import batches, together
from memsrv_consolidation.answering import BASE
from memsrv_consolidation.device import free
from memsrv_consolidation.placement import Placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.reflect import trainable
from memsrv_consolidation.run import read_json, write_json
from memsrv_consolidation.strategies import laplace, selection, selective, sft, student
from memsrv_consolidation.strategies.looks import STUDENT, Looks
from memsrv_consolidation.strategies.teacher import Lesson, lessons, own_answers
from memsrv_consolidation.synthesise import again

#: Old conversations that are rehearsed beside each new one in a repair, so that nothing else is lost for it.
BESIDE = 3
#: Questions about each fact that tell what must be repaired.
EACH = 2


@dataclass(frozen=True, slots=True)
class Round:
    """The training itself (0), or a repair after it."""

    number: int
    folder: Path
    recipe: Recipe
    lessons: Sequence[Lesson]
    looked: Recipe | None = None  # by whose epochs looks are taken and told, where those are joined into a long one


def train(
    conversations: Sequence[Conversation],
    recipe: Recipe,
    base: Path,
    *,
    adapter: Path,
    checkpoints: Path,
    seed: int,
    threads: int,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
    stopping: Callable[[], bool],
    facts: Sequence[Fact] = (),
    parent: Path | None = None,
    placed: Placement | None = None,
) -> dict[str, Any]:
    """Train into `adapter`, whole or not at all. Interrupted when `stopping` turns true, with a checkpoint on disk.

    `facts` are those that the conversations are about: their values count more, and they are asked for in the looks.
    Without them the last state is taken, and nothing is repaired.
    """
    sft.require_examples(conversations)
    clock = sft.Clock()
    pupil = sft.pupil(base, recipe, seed, threads, parent, placed)
    telling = sft.Telling(begin, count, stopping)
    told_of = {id for one in conversations for id in one.facts}
    known = [fact for fact in facts if trainable(fact) and fact.id in told_of]
    asks = selection.asks(known, conversations, seed) if recipe.select_each and known else None
    looks = Looks(pupil, checkpoints, asks) if asks else None
    taught = _taught(pupil, conversations, known, recipe, checkpoints)
    if recipe.selective and parent is None:
        pupil = selective.fixed(pupil, taught)
    penalty = laplace.penalty(pupil, taught, seed) if recipe.laplace else None
    trained = laplace.trained(taught, recipe.withheld, seed) if penalty else taught
    ran = [_round(pupil, _first(recipe, trained, checkpoints, seed), looks, seed, telling, penalty)]
    while looks:
        looks.restore_best()
        number = len(ran)
        missed = _again(pupil, conversations, known, recipe, number, seed) if number <= recipe.repair_rounds else ()
        if not missed:
            break
        repaired = replace(recipe, learning_rate=recipe.learning_rate / 2, epochs=1, warmup=0.0, facts_first=0.0)
        some = _taught(pupil, missed, known, recipe, checkpoints)
        repair = Round(number, checkpoints / f"round-{number}", repaired, some)
        ran.append(_round(pupil, repair, looks, seed, telling, penalty))
    answers = sum(row["tokens"] * row["answers"] for row in ran)
    told = sft.told(
        pupil, recipe, clock.seconds, sum(row["tokens"] for row in ran), round(answers),
        steps=sum(row["steps"] for row in ran), losses=ran[0]["losses"],
        resumed_from=next((row["resumed_from"] for row in ran if row["resumed_from"]), None),
        change=ran[0]["change"], repairs=[{"examples": row["examples"], "losses": row["losses"]} for row in ran[1:]],
        **(looks.told() if looks else {}),
    )  # fmt: skip
    sft.save(pupil.model, adapter, told)
    free(pupil.model)
    return told


def _first(recipe: Recipe, taught: Sequence[Lesson], checkpoints: Path, seed: int) -> Round:
    """The training itself: all in every epoch, or the facts first, in one long epoch."""
    facts = [one for one in taught if one.about == "fact"]
    if not (recipe.facts_first and facts):
        return Round(0, checkpoints / "round-0", replace(recipe, facts_first=0.0), taught)
    others = [one for one in taught if one.about != "fact"]
    some = [*facts, *others]
    lengths = [[len(one.tokens.ids) for one in part] for part in (facts, others)]
    epochs = max(1, round(recipe.epochs))
    order = batches.facts_first(lengths[0], lengths[1], epochs, recipe.facts_first, recipe.batch, seed)
    long = replace(recipe, epochs=1)
    return Round(0, checkpoints / "round-0", long, [some[place] for place in order], looked=recipe)


def _taught(
    pupil: sft.Pupil, conversations: Sequence[Conversation], facts: Sequence[Fact], recipe: Recipe, kept: Path
) -> list[Lesson]:
    """The lessons of the base where it reads the evidence."""
    values = {fact.id: fact.value for fact in facts if fact.value}
    respondents = pupil.respondents
    with respondents.speaking(BASE) as model:
        model.eval()
        conversations = own_answers(
            conversations,
            values,
            lambda prompts, expected: respondents.answers(BASE, prompts, expected),
            kept,
            recipe.own_answers,
        )
        return lessons(model, pupil.tokenizer, conversations, values, recipe, kept, pupil.device.kind)


def _round(
    pupil: sft.Pupil,
    one: Round,
    looks: Looks | None,
    seed: int,
    telling: sft.Telling,
    penalty: laplace.Penalty | None,
) -> dict[str, Any]:
    """Train one round to its end; what it tells is kept in its folder, so that a finished one is not begun again."""
    done = one.folder / "done.json"
    if together.agreed(done.exists()):
        return read_json(done)
    steps = sft.steps_of(len(one.lessons), one.recipe)
    config = sft.config(one.recipe, pupil.device, pupil.placed, one.folder, seed + one.number, steps)
    trainer = student.trainer(pupil, one.recipe, one.lessons, config, seed + one.number, penalty)
    if looks:
        trainer.add_callback(looks.callback(one.number, steps, one.looked or one.recipe))
    resumed = sft.carried(trainer, one.folder, telling)
    losses = sft.losses(trainer)
    told = {
        "examples": len(one.lessons),
        "steps": trainer.state.global_step,
        "losses": losses,
        # A repair begins where the training ended: its loss is low, and need not fall.
        "change": sft.require_learning(pupil, losses if one.number == 0 else ()),
        "tokens": int(trainer.state.num_input_tokens_seen),
        "answers": sft.answering([lesson.tokens for lesson in one.lessons]),
        "resumed_from": resumed,
    }
    if together.first():
        write_json(done, told)
    return told


def _again(
    pupil: sft.Pupil,
    conversations: Sequence[Conversation],
    facts: Sequence[Fact],
    recipe: Recipe,
    number: int,
    seed: int,
) -> list[Conversation]:
    """New wordings of the facts that are missed, among old conversations of all sorts; nothing where none is."""
    asked = selection.asks(facts, conversations, seed + 1000 * number, EACH)
    missed = set(together.agreed(selection.missed(asked.recall, pupil, STUDENT)))
    taken = {message.content for one in conversations for message in one.messages if message.role == "user"}
    taken |= {message.content for ask in asked.recall for message in ask.messages}
    new: list[Conversation] = []
    for fact in facts:
        if fact.id not in missed:
            continue
        new += again(fact, recipe.repair_each, seed + 1000 * number, taken, recipe, facts)
    if not new:
        return []
    rng = random.Random(f"{seed}/repair/{number}")
    return [*new, *rng.sample(conversations, min(BESIDE * len(new), len(conversations) // 2))]
