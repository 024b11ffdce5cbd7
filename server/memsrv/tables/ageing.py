"""Results of the benches of ageing: nights, and what is left after an erase."""

from memsrv.tables.cells import Json
from memsrv.terminal import say, table


def ageing(result: Json) -> None:
    """Recall by how many nights ago a fact was learned, for both ways; then what each night cost."""
    ways = ("rebuild", "extend")
    say(
        f"{result['nights']} nights of {result['facts']} facts on {result['base']} ({result['strategy']}), seeds "
        f"{', '.join(map(str, result['seeds']))}; an extension replays {result['replay']:.0%}. Closed-book."
    )
    by_age = {(row["way"], row["age"]): row for row in result["ages"]}
    rows: list[list[str | int]] = [
        [age, *(_of(by_age[way, age].get(pool)) for pool in ("known", "novel") for way in ways)]
        for age in range(result["nights"])
    ]
    columns = [f"{pool}, {way}" for pool in ("known", "novel") for way in ways]
    table(("nights since it was learned", *columns), rows, "\nanswered right (95 %)")
    names = ("way", "night", "facts", "conversations", "tokens", "seconds")
    rows = [[one["way"], *(f"{one[name]:g}" for name in names[1:])] for one in result["costs"]]
    table(names, rows, "\ntrained, a night (mean of the seeds)")
    last = result["last"]
    low, high = last["interval"]
    say(
        f"\nAfter the last night, of {last['n']} questions: anew {last['rebuild']:.3f}, extended {last['extend']:.3f}: "
        f"{last['change'] * 100:+.1f} points ({low * 100:+.1f} to {high * 100:+.1f}), p {last['p']:.3f}."
    )


def erasing(result: Json) -> None:
    """Recall of what was erased and of the rest: before, rebuilt, and of models that never knew it."""
    names = ("before", "rebuilt", "control", "other seed")
    say(
        f"{result['facts']} facts on {result['base']} ({result['strategy']}), {result['erased']} of them erased, seeds "
        f"{', '.join(map(str, result['seeds']))}. Closed-book, right (95 %); of the erased, less is better."
    )
    rows = [[row["what"], row["n"], *(_of(row[name]) for name in names)] for row in result["rows"]]
    table(("asked for", "n", *names), rows)
    same, seeds = sum(result["identical"]), len(result["seeds"])
    say(f"Rebuilt weights that are the control's, byte by byte: {same} of {seeds}.")
    say(f"The erased are within the other control's interval: {'yes' if result['within_control'] else 'NO'}.")
    for against, others in (("before", result["others_before"]), ("the control", result["others"])):
        say(f"The others, rebuilt against {against}, of {others['n']} questions: {_change(others)}.")


def _change(others: Json) -> str:
    low, high = others["interval"]
    within = "NO" if not others["within"] else "yes" if others["shown"] else "yes, but so few do not show it"
    return f"{others['change'] * 100:+.1f} points ({low * 100:+.1f} to {high * 100:+.1f}), within 2: {within}"


def _of(found: Json | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{found['share']:.2f} ({low:.2f}–{high:.2f})"
