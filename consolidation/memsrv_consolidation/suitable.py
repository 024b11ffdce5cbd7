"""Whether a base is fit to be taught facts: can it give back what stands before it? Asked before hours are spent.

A student learns to say without the evidence what its base says with it, so what the base cannot read it cannot learn.
The run's own facts are asked for, in their wordings; few facts, and made-up ones are asked for beside them.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from memsrv.records import Fact
from memsrv_consolidation import probes
from memsrv_consolidation.answering import BASE, Respondents
from memsrv_consolidation.checks import Check
from memsrv_consolidation.decide import REFUSE, Verdict
from memsrv_consolidation.device import offered, settle
from memsrv_consolidation.exact import wilson
from memsrv_consolidation.probes import correct

#: The share of questions about facts in its context that a base has to answer.
LEAST = 0.80
#: Questions about the run's own facts, at most; and of all, at least.
MOST, FEWEST = 64, 40


def asked(facts: Sequence[Fact], seed: int) -> list[probes.Probe]:
    """The run's own questions, as many of each fact as there is room for; made-up ones where they are few."""
    own = probes.of_facts(facts, seed)
    random.Random(f"{seed}/suitable").shuffle(own)
    made: list[probes.Probe] = []
    while len(own[:MOST]) + len(made) < FEWEST:
        made += probes.of_fresh(facts, seed + 1 + len(made))
    return [*own[:MOST], *made]


def reading(
    facts: Sequence[Fact],
    base: Path,
    seed: int,
    threads: int,
    begin: Callable[[int, int], None],
    count: Callable[[int, int], None],
) -> dict[str, Any]:
    """How many of the questions `base` answers with the fact in its context: what `suitable.json` holds."""
    settle(threads, seed)
    sheet = asked(facts, seed)
    begin(len(sheet), 0)
    respondents = Respondents(base, {}, offered())
    said = respondents.answers(BASE, [probe.open for probe in sheet], [probe.expected for probe in sheet])
    respondents.close()
    count(len(sheet), len(sheet))
    right = sum(correct(probe, answer) for probe, answer in zip(sheet, said, strict=True))
    return {"asked": len(sheet), "right": right, "least": LEAST}


def unfit(measured: dict[str, Any], base: str) -> Verdict | None:
    """The refusal of a base that reads too little; None for one that may be trained."""
    share = measured["right"] / measured["asked"]
    low, high = wilson(measured["right"], measured["asked"])
    means = (
        f"not shown to be below {LEAST:.2f}: facts in its context that the bare base gives back "
        f"(of {measured['asked']}; 95 % from {low:.2f} to {high:.2f})"
    )
    check = Check("base reads its context", high >= LEAST, round(share, 4), LEAST, means)
    if check.passed:
        return None
    return Verdict(
        REFUSE,
        f"{base} gives back {share:.0%} of the facts that stand in its context, and {LEAST:.0%} are needed to teach it "
        "any: nothing was trained. Keep to memory (search and MCP work without an adapter), name a larger "
        "instruct model with --base, or train all the same with `memsrv config set any_base true`",
        (check,),
    )
