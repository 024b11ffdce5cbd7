"""Whether an adapter still reads what stands in its context: the same questions put to it and to its base.

Facts are made up, so that nobody was trained on them; they stand in the layout that the product serves, some contexts
with the value they replaced. Paired by question: the change has an interval that counts.
"""

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv.layout import says_not_recorded
from memsrv.records import Message
from memsrv_consolidation import wordings
from memsrv_consolidation.answering import BASE, Respondents
from memsrv_consolidation.bench import Told, carry_out
from memsrv_consolidation.device import offered, settle
from memsrv_consolidation.exact import pairs
from memsrv_consolidation.frames import Pool
from memsrv_consolidation.probes import gives
from memsrv_consolidation.tiny import corpus
from memsrv_consolidation.tiny.names import Made, several

ADAPTER = "adapter"
#: Questions that are put at once: what is shown is how far that is.
_AT_ONCE = 64


def contexts(n: int, facts: int, seed: int) -> list[tuple[list[Message], Made, Made]]:
    """`n` contexts of `facts` made-up facts, a fact of each, and something that is not there."""
    rng = random.Random(f"{seed}/reading/{facts}")
    found = []
    for _ in range(n):
        made = several(rng, facts)
        messages = [Message(m["role"], m["content"]) for m in corpus.context(made, rng)]
        found.append((messages, rng.choice(made), corpus.unknown(made, rng)))
    return found


def questions(n: int, facts: int, seed: int) -> dict[str, list[tuple[tuple[Message, ...], str | None]]]:
    """By what is asked, prompts and the value that is right; None: it is not recorded. Known and novel alternate."""
    rng = random.Random(f"{seed}/reading/{facts}/asked")
    asked: dict[str, list[tuple[tuple[Message, ...], str | None]]] = {"known": [], "novel": [], "unrecorded": []}
    for place, (messages, fact, nowhere) in enumerate(contexts(n, facts, seed)):
        pool = (Pool.KNOWN, Pool.NOVEL)[place % 2]
        question = wordings.question(fact.subject, fact.relation, pool, rng)
        asked[str(pool)].append(((*messages, Message("user", question)), fact.value))
        if place % 4 == 0:
            question = wordings.question(nowhere.subject, nowhere.relation, Pool.KNOWN, rng)
            asked["unrecorded"].append(((*messages, Message("user", question)), None))
    return asked


def reading(order: dict[str, Any], folder: Path, told: Told) -> dict[str, Any]:
    """`order`: base, adapter (paths), questions, facts (a list of how many stand in context), seed, threads."""
    settle(order["threads"], order["seed"])
    respondents = Respondents(Path(order["base"]), {ADAPTER: Path(order["adapter"])}, offered())
    sizes: list[int] = order["facts"]
    each = order["questions"] // len(sizes)
    sheets = {facts: questions(each, facts, order["seed"]) for facts in sizes}
    total = 2 * sum(len(asked) for sheet in sheets.values() for asked in sheet.values())
    right: dict[str, dict[str, list[bool]]] = {}
    done = 0
    for facts, sheet in sheets.items():
        for what, asked in sheet.items():
            marks: dict[str, list[bool]] = {BASE: [], ADAPTER: []}
            for name in marks:
                for start in range(0, len(asked), _AT_ONCE):
                    some = asked[start : start + _AT_ONCE]
                    marks[name] += _right(respondents, name, some)
                    done += len(some)
                    told(f"{what}, {facts} facts in context", done, total)
            for key in (what, f"{what} {facts}", *(("read",) if what != "unrecorded" else ())):
                all_of = right.setdefault(key, {BASE: [], ADAPTER: []})
                for name in marks:
                    all_of[name] += marks[name]
    respondents.close()
    return {"rows": [_row(what, marks[BASE], marks[ADAPTER]) for what, marks in right.items()]}


def _row(what: str, before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    counted = pairs(zip(before, after, strict=True))
    return {
        "what": what, "n": counted.n, "base": counted.before, "adapter": counted.after, "change": counted.change,
        "interval": counted.interval, "p": counted.p,
    }  # fmt: skip


def _right(respondents: Respondents, name: str, asked: Sequence[tuple[tuple[Message, ...], str | None]]) -> list[bool]:
    expected = [value or "That is not recorded." for _, value in asked]
    said = respondents.answers(name, [prompt for prompt, _ in asked], [f"{text} " * 2 for text in expected])
    return [
        says_not_recorded(text) if value is None else gives(value, text)
        for (_, value), text in zip(asked, said, strict=True)
    ]


if __name__ == "__main__":
    sys.exit(carry_out("reading", reading, sys.argv[1:]))
