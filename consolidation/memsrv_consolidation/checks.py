"""One promise of the gate and how it is held to: what was kept within a slack, what was gained, what must be nothing.

A check that cannot tell has not passed: what is live stays. Each says by how much it failed, in words for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memsrv_consolidation.exact import ALPHA, Pairs, at_best, mcnemar


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: whether it held, the figure, the bound it was held to, and what that means."""

    name: str
    passed: bool
    figure: float
    bound: float
    means: str
    group: str = ""  # what the promise is about
    n: int | None = None  # of how many questions, facts or values the figure is
    short: str = ""  # where it did not hold: by how much, or why nothing could be told


def kept(name: str, group: str, counted: Pairs, slack: float, what: str, than: str = "the base") -> Check:
    """That at most `slack` was lost, shown: the lower end of the change's 95 % interval is no worse.

    So few questions can show too little: where even a clean sheet would not do, none may be lost.
    """
    low, high = counted.interval
    bound = round(max(counted.before - slack, 0.0), 4)
    few = Pairs(both=counted.n).interval[0] < -slack
    passed = counted.n > 0 and (low >= -slack or bound == 0 or (few and not counted.lost))
    short = ""
    if not counted.n:
        short = "nothing was asked"
    elif not passed and counted.after < bound:
        short = f"{_points(bound - counted.after)} below"
    elif not passed:
        short = f"could not tell: {_points(-low)} may have been lost, which {counted.n} answers do not rule out"
    means = (
        f"{what}: shown to be at most {_points(slack)} below {than}'s {counted.before:.2f} "
        f"(of {counted.n}: {counted.gained} gained, {counted.lost} lost; 95 % from {low:+.2f} to {high:+.2f})"
    )
    return Check(name, passed, round(counted.after, 4), bound, means, group, counted.n, short)


def alarm(name: str, group: str, counted: Pairs, slack: float, what: str, than: str = "the base's") -> Check:
    """That the figure itself lost at most `slack`: for a few prompts, which ring where much is broken."""
    bound = round(max(counted.before - slack, 0.0), 4)
    passed = counted.n > 0 and round(counted.after, 4) >= bound
    short = "" if passed else f"{_points(bound - counted.after)} below" if counted.n else "nothing was asked"
    means = f"{what}: at most {_points(slack)} below {than} {counted.before:.2f} (of {counted.n})"
    return Check(name, passed, round(counted.after, 4), bound, means, group, counted.n, short)


def gained(name: str, group: str, counted: Pairs, least: float, what: str, than: str = "the base") -> Check:
    """That at least `least` was gained, and that it is no chance: the exact paired test."""
    bound = round(min(counted.before + least, 1.0), 4)
    short = ""
    if not counted.n:
        short = "nothing was asked"
    elif counted.after < bound:
        short = f"{_points(bound - counted.after)} below"
    elif counted.p >= ALPHA:
        short = f"could not tell: {counted.gained} gained and {counted.lost} lost may be chance (p = {counted.p:.2f})"
    means = (
        f"{what}: at least {than}'s {counted.before:.2f} + {least:.2f} "
        f"(of {counted.n}: {counted.gained} gained, {counted.lost} lost, p = {counted.p:.2g})"
    )
    return Check(name, not short, round(counted.after, 4), bound, means, group, counted.n, short)


def by_item(name: str, group: str, better: int, worse: int, n: int) -> Check:
    """That no lucky item made the figure: more items gained than lost, by the sign test.

    So few items can show too little: of five or fewer, each must have gained.
    """
    p, best = mcnemar(better, worse), at_best(n)
    passed = n > 0 and better > worse and (p < ALPHA or p <= best)
    short = ""
    if not n:
        short = "nothing was asked"
    elif not passed and better <= worse:
        short = f"{better} gained and {worse} lost"
    elif not passed:
        short = f"could not tell: {better} of {n} facts gained and {worse} lost, which may be chance (p = {p:.2f})"
    means = f"facts that gained, of {n}; {worse} lost; not carried by a lucky one: p = {p:.2g} by the sign test"
    least = next((k for k in range(1, n + 1) if mcnemar(k, worse) < ALPHA or mcnemar(k, worse) <= best), n)
    return Check(name, passed, better, least, means, group, n, short)


def none_of(name: str, group: str, found: float, means: str, n: int | None = None, what: str = "") -> Check:
    """That there is nothing of what must not be."""
    return Check(name, found == 0, found, 0, means, group, n, "" if found == 0 else what or f"{found:g} too many")


def at_least(name: str, group: str, figure: float, bound: float, means: str, n: int | None = None) -> Check:
    passed = figure >= bound
    return Check(name, passed, figure, bound, means, group, n, "" if passed else f"{bound - figure:.3g} too few")


def at_most(name: str, group: str, figure: float, bound: float, means: str, n: int | None = None) -> Check:
    passed = figure <= bound
    return Check(name, passed, figure, bound, means, group, n, "" if passed else f"{figure - bound:.3g} too much")


def named(texts: Sequence[str], most: int = 3) -> str:
    """Some of `texts`, quoted, and how many more there are."""
    told = ", ".join(f"“{text}”" for text in texts[:most])
    return f"{told} and {len(texts) - most} more" if len(texts) > most else told


def _points(share: float) -> str:
    points = f"{abs(share) * 100:.1f}".removesuffix(".0")
    return f"{points} point{'' if points == '1' else 's'}"
