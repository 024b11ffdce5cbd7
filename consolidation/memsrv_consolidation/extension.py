"""An extension: on the weights of the live version a night trains what is new, and some of what old nights trained.

Parts facts into new and old, and draws the replay: so many conversations that they are a set share of all, spread
evenly over the old facts. The same for the same seed, in whatever order the ledger has the facts. No model, no torch.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from memsrv.records import Conversation, Fact, from_dict
from memsrv.redact import Redactor
from memsrv_consolidation.internalise import Policy, internalise
from memsrv_consolidation.run import Order, read_json

#: What the id of a replayed conversation begins with.
REPLAYED = "replay-"


def parent(order: Order) -> Path | None:
    """The adapter that an extension goes on from."""
    return Path(order.current.path) if order.extend and order.current else None


def parted(order: Order, facts: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Of the `facts` that enter weights: those to train, and those that an extension's parent knows, word by word.

    Where a fresh adapter is trained, all are to be trained.
    """
    return parted_on(parent(order), facts, order.internalise)


def parted_on(onto: Path | None, facts: Sequence[Fact], policy: Policy) -> tuple[list[Fact], list[Fact]]:
    """The same for the parent in `onto` before there is an order."""
    asked = list(internalise(facts, policy).all)
    if onto is None:
        return asked, []
    rows = read_json(onto / "manifest.json").get("facts", ())
    known = {(row["id"], row["text"]) for row in rows}
    return (
        [fact for fact in asked if (fact.id, fact.text) not in known],
        [fact for fact in asked if (fact.id, fact.text) in known],
    )


def replayed(
    old: Sequence[Fact],
    beside: int,
    share: float,
    seed: int,
    *,
    worded: Mapping[str, Sequence[Conversation]],
    reword: Callable[[Fact], Iterable[Conversation]],
) -> list[Conversation]:
    """Old nights' conversations, so many that beside `beside` new ones they are `share` of all.

    Each fact of `old` has as many as any other, or one more. `worded` are the conversations of earlier nights, by
    fact; a fact whose night is gone is worded again.
    """
    wanted = round(beside * share / (1 - share))
    rng = random.Random(f"{seed}/replay")
    facts = sorted(old, key=lambda fact: fact.id)
    rng.shuffle(facts)
    found: list[Conversation] = []
    for place, fact in enumerate(facts):
        n = wanted // len(facts) + (place < wanted % len(facts))
        said = list(worded.get(fact.id) or (one for one in reword(fact) if _is_about(one, fact))) if n else []
        said.sort(key=lambda one: one.id)
        rng.shuffle(said)
        # Of few old facts each conversation comes several times.
        found += [
            replace(said[turn % len(said)], id=f"{REPLAYED}{said[turn % len(said)].id}-{turn // len(said)}")
            for turn in range(n if said else 0)
        ]
    return found


def of_earlier(files: Iterable[str], old: Sequence[Fact], redactor: Redactor) -> dict[str, list[Conversation]]:
    """The conversations in `files`, newest first, that are about one of `old` alone and give its value as it is now.

    What is a secret by now is left out.
    """
    wanted = {fact.id: fact for fact in old}
    found: dict[str, list[Conversation]] = {}
    for file in files:
        night: dict[str, list[Conversation]] = {}
        for one in _read(Path(file)):
            fact = wanted.get(one.facts[0]) if one.facts else None
            if fact and _is_about(one, fact) and not any(redactor.redact(said.content)[1] for said in one.messages):
                night.setdefault(fact.id, []).append(one)
        found = night | found
    return found


def _is_about(conversation: Conversation, fact: Fact) -> bool:
    return (
        conversation.about == "fact"
        and conversation.facts == (fact.id,)
        and not conversation.id.startswith(REPLAYED)
        and (fact.value or "") in conversation.messages[-1].content
    )


def _read(file: Path) -> Iterable[Conversation]:
    """What is there: a run that was cleared away, or cannot be read, is worded again."""
    with suppress(OSError, ValueError, TypeError):
        return [from_dict(Conversation, json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    return ()
