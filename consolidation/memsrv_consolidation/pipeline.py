"""The night, stage by stage: reflect → recompress → synthesise → train → evaluate → decide.

Each reads files and writes one. A file that is there is finished, so a run that was killed goes on at the first that is
not. This page is the table of contents; the chapters know nothing of each other.
"""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from memsrv.redact import Redactor
from memsrv_adapters.weights import hashes
from memsrv_consolidation import extension, launch, probes, report, reviews, suitable
from memsrv_consolidation.answering import BASE
from memsrv_consolidation.costs import Costs
from memsrv_consolidation.decide import NOTHING, Verdict, decide
from memsrv_consolidation.device import offered
from memsrv_consolidation.evaluate import CANDIDATE, CURRENT, evaluate
from memsrv_consolidation.extraction import extract
from memsrv_consolidation.given import NOTHING_GIVEN, Given
from memsrv_consolidation.kept import Kept
from memsrv_consolidation.paraphrase import paraphrases
from memsrv_consolidation.placement import placement
from memsrv_consolidation.progress import Pace
from memsrv_consolidation.recipe import preset
from memsrv_consolidation.recompress import recompress
from memsrv_consolidation.reflect import distilled, reflect, trainable
from memsrv_consolidation.run import Run, clear_unfinished, read_json, write_json, write_lines, write_text
from memsrv_consolidation.shape import shape_of
from memsrv_consolidation.synthesise import synthesise
from memsrv_consolidation.teachers.gateway import opened


def consolidate(
    run: Run,
    pace: Pace,
    saving_itself: Callable[[], AbstractContextManager[Callable[[], bool]]],
    given: Given = NOTHING_GIVEN,
    until: str | None = None,
) -> bool:
    """Bring `run` to its report, or `until` "synthesise" or "train"; whether it has its report.

    In `saving_itself` the training asks whether to stop, and ends with a checkpoint.
    """
    clear_unfinished(run)
    order = run.order
    base = report.base_of(order)
    recipe = preset(order.base, order.strategy, order.preset, shape_of(base.path).parameters)
    # Placeholders are never compared across runs, so any key will do.
    redactor = Redactor(order.id.encode(), given.strings)
    costs = Costs(run)
    # One for both stages: who gave no answer to the first is not asked by the second.
    gateway = None if run.conversations_file.exists() else opened(run, given.key, redactor)

    if not run.facts_file.exists():
        with costs.of("reflect", pace):
            episodes = run.episodes()
            taught, left_out = extract(episodes, gateway, pace.count)
            # Each night the gate is given something to stop; no teacher is paid for it.
            seen = [*episodes, *run.planted()]
            reflection = reflect(order.project, seen, run.memories(), redactor, taught=taught)
            reviewed = reviews.apply(reflection.facts, run.reviews())
            by_teacher = sum(fact.id in reflection.taught for fact in reviewed.facts)
            counted = {**reflection.left_out, **left_out, **reviewed.left_out}
            costs.note("left_out", counted | ({"by_teacher": by_teacher} if gateway else {}))
            write_lines(run.facts_file, reviewed.facts)

    if not run.long_term_file.exists():
        with costs.of("recompress", pace):
            works = reviews.of_principles(distilled(order.project, run.episodes(), redactor), run.reviews())
            edited = {review.fact: review.text for review in run.reviews() if review.text is not None}
            written, left_out = recompress(run.memories(), works, edited, run.graduated(), gateway, pace.count)
            costs.note("long_term", left_out)
            write_text(run.long_term_text, written.document.markdown)
            write_json(run.long_term_file, {"project": order.project, "as_of": order.created, **written.as_json})

    facts = run.facts()
    nothing = report.nothing_new(order, facts)
    if nothing:
        report.write(run, recipe, base.hash, Verdict(NOTHING, nothing, ()), costs)
        return True

    new, old = extension.parted(order, facts)
    if not run.conversations_file.exists():
        with costs.of("synthesise", pace):
            measuring = probes.measuring(facts, order.seed)
            worded, left_out = paraphrases(new, recipe.conversations_per_fact, gateway, measuring, pace.count)
            synthesis = synthesise(
                new, recipe, order.seed, redactor, worded, policy=order.internalise, episodes=run.episodes(),
                memories=run.memories(), elsewhere=[fact for fact in facts if fact not in new],
            )  # fmt: skip
            again = extension.replayed(
                old, len(synthesis.conversations), order.replay, order.seed,
                worded=extension.of_earlier(order.earlier, old, redactor),
                reword=lambda fact: synthesise(
                    [fact], recipe, order.seed, redactor, policy=order.internalise
                ).conversations,
            )  # fmt: skip
            over = {f"over_share_of_{name}": count for name, count in synthesis.capped.items()}
            counted = {"secret_in_conversations": synthesis.secret, "replayed": len(again)}
            costs.note("synthesis", {**counted, **over, **left_out})
            write_lines(run.conversations_file, (*synthesis.conversations, *again))

    if until == "synthesise":
        return False

    if not order.any_base and not run.adapter.exists():
        if not run.suitable_file.exists():
            with costs.of("read", pace):
                measured = suitable.reading(
                    facts, base.path, order.seed, order.threads, count=pace.count,
                    begin=lambda total, done: pace.begin("read", total, done),
                )  # fmt: skip
                write_json(run.suitable_file, measured)
        if unfit := suitable.unfit(read_json(run.suitable_file), order.base):
            report.write(run, recipe, base.hash, unfit, costs)
            return True

    if not run.adapter.exists():
        with costs.of("train", pace), saving_itself() as stopping:
            placed = placement(offered(order.processes), shape_of(base.path), recipe)
            launch.train(
                launch.Training(
                    order.strategy, placed, run.conversations(), recipe, base.path, run.adapter, run.checkpoints,
                    order.seed, order.threads, facts, extension.parent(order),
                ),
                begin=lambda total, done: pace.begin("train", total, done), count=pace.count, stopping=stopping,
            )  # fmt: skip
    shutil.rmtree(run.checkpoints, ignore_errors=True)

    if until == "train":
        return False

    if not run.evaluation_file.exists():
        with costs.of("evaluate", pace):
            asked = hashes(run.adapter)
            trained = {id for conversation in run.conversations() for id in conversation.facts}
            trained |= {fact.id for fact in old}  # its weights are these, too
            live = Path(order.current.path) if order.current else None
            current = live if live and live.is_dir() else None  # a run resumed late may find it removed
            weights = {BASE: base.hash, CANDIDATE: [base.hash, asked]}
            weights |= {CURRENT: [base.hash, hashes(current)]} if current else {}
            measured = evaluate(
                [fact for fact in facts if trainable(fact) and fact.id in trained],
                base.path, run.adapter, current, order.seed, order.threads,
                count=pace.count, begin=lambda total, done: pace.begin("evaluate", total, done),
                canaries=order.canaries, kept=Kept(run.answers_file, weights),
            )  # fmt: skip
            # Only these weights may be promoted: the shelf compares.
            write_json(run.evaluation_file, {**measured, "adapter": asked})
    run.answers_file.unlink(missing_ok=True)

    with costs.of("decide", pace):
        verdict = decide(run, read_json(run.evaluation_file), order.canaries, redactor)
    report.write(run, recipe, base.hash, verdict, costs)
    return True
