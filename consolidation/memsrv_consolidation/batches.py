"""The order in which examples are trained: batches of alike lengths, the same for the same seed and epoch.

Where short conversations and long contexts are mixed, padding would cost more than the words (memsrv-tiny: a step took
3 times as long). transformers has such a sampler, but after a resume its order differs from that of an unbroken run.
"""

import random
from collections.abc import Iterator, Sequence

#: Batches that are sorted together: few enough to differ from epoch to epoch, enough for alike lengths.
TOGETHER = 16


def alike(lengths: Sequence[int], batch: int, seed: int, epoch: int) -> list[int]:
    """Every place of `lengths` once; each run of `batch` places has about the same length."""
    rng = random.Random(f"{seed}/{epoch}")
    places = list(range(len(lengths)))
    rng.shuffle(places)
    span = batch * TOGETHER
    sorted_spans = [sorted(places[i : i + span], key=lengths.__getitem__) for i in range(0, len(places), span)]
    batches = [some[i : i + batch] for some in sorted_spans for i in range(0, len(some), batch)]
    short = [some for some in batches if len(some) < batch]  # a short batch stays last, or all after it would shift
    full = [some for some in batches if len(some) == batch]
    rng.shuffle(full)
    return [place for some in (*full, *short) for place in some]


def facts_first(
    facts: Sequence[int], others: Sequence[int], epochs: int, alone: float, batch: int, seed: int
) -> list[int]:
    """Which example each place of one long epoch is, of examples this long: the facts `epochs` times, the others once.

    The first share `alone` of the passes over facts stands by itself. What is worn away early need not be protected
    early: the same examples at the end bring it back, and cost half.
    """
    passes = [place for epoch in range(epochs) for place in alike(facts, batch, seed, epoch)]
    before = round(len(passes) * alone)
    mixed = [*passes[before:], *range(len(facts), len(facts) + len(others))]
    mixed += passes[: -(before + len(mixed)) % batch]  # every step counts the same
    lengths = [*facts, *others]
    return passes[:before] + [mixed[place] for place in alike([lengths[i] for i in mixed], batch, seed, epochs)]


class Alike:
    """A sampler over `alike`; the trainer says which epoch it is."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        self._lengths, self._batch, self._seed, self._epoch = lengths, batch, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        return iter(alike(self._lengths, self._batch, self._seed, self._epoch))
