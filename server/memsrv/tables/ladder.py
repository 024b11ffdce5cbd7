"""Results of the ladder: a row for each way to train, beside the bare base."""

from collections.abc import Mapping, Sequence

from memsrv.plurals import counted
from memsrv.tables.cells import Json
from memsrv.terminal import Cell, say, table

_KINDS = ("episodic", "semantic", "procedural")
_TITLES = {
    "ladder": "From the paper to ours",
    "presets": "Other presets",
    "ranks": "Ranks",
    "wordings": "Wordings a fact",
}


def ladder(result: Json) -> None:
    """A table for the rungs, the presets, the ranks and the wordings; the last line says what the default follows."""
    epochs = f", epochs: {result['epochs']:g} each" if result["epochs"] else ""
    say(
        f"{result['base']}: {counted(result['facts'], 'fact')}, {counted(result['questions'], 'question')} a run, "
        f"medians of {counted(result['seeds'], 'seed')} (least to most){epochs}."
    )
    for group, title in _TITLES.items():
        rows = [row for row in result["rungs"] if row["group"] == group]
        if rows:
            _table(f"{title}: what it recalls (of CE less is better)", _RECALL, rows, result["bare"])
            _table(
                f"{title}: what it keeps and costs (less is better, but of ±)",
                _COSTS,
                rows,
                result["bare"],
            )
            for row in rows:
                if row["adds"] or row["as"]:
                    say(f"{row['name']}: {row['adds']}" + (f" (trains as {row['as']} does)" if row["as"] else ""))
                for why in row["failed"]:
                    say(f"{row['name']}, {why}")
    say(_follows(result["follows"]))


def _table(title: str, asked: Mapping[str, str], rows: Sequence[Json], bare: Json) -> None:
    columns = [name for name in asked if any(name in row["figures"] for row in rows)]
    shown: list[list[Cell]] = [["base", *(_cell(name, bare) for name in columns)]]
    shown += [[row["name"], *(_cell(name, row["figures"]) for name in columns)] for row in rows]
    table(("", *(asked[name] for name in columns)), shown, f"\n{title}")


_RECALL: Mapping[str, str] = {
    "known": "known", "novel": "novel",
    **{f"{wording}, {kind}": f"{kind[:4]}. {wording}" for kind in _KINDS for wording in ("known", "novel")},
    "behaviour": "behaviour", "with memory": "with memory",
    "ce mean": "CE mean", "ce median": "median", "ce p90": "p90",
}  # fmt: skip
_COSTS: Mapping[str, str] = {
    "false memories": "false memories", "reading": "reading ±", "guard": "guard ±", "kl": "KL, neutral",
    "tokens": "tokens", "completion_tokens": "of answers", "seconds": "s", "peak MiB": "peak MiB",
}  # fmt: skip
_COUNTS = ("tokens", "completion_tokens", "seconds", "peak MiB")


def _cell(name: str, figures: Mapping[str, Json]) -> Cell:
    found = figures.get(name)
    if found is None:
        return None
    middle, least, most = found["median"], found["least"], found["most"]
    if name in _COUNTS:
        return f"{middle:.0f}"
    if name in ("known", "novel") and least != most:
        return f"{middle:.2f} ({least:.2f}-{most:.2f})"
    return f"{middle:+.2f}" if name in ("reading", "guard") else f"{middle:.2f}"


def _follows(told: Json) -> str:
    guards = "" if told["keeps_guards"] else " (no rung kept its guards)"
    head = f"{told['rung']}: recall {told['recall']:.3f}{guards}; what is shipped: "
    if told["is_shipped"]:
        return f"The default follows {head}the same."
    apart = ", ".join(f"{name} {_word(ours)} -> {_word(theirs)}" for name, (ours, theirs) in told["differs"].items())
    shipped = "not measured" if told["shipped_recall"] is None else f"{told['shipped_recall']:.3f}"
    return f"The default does not follow {head}{shipped}, and differs in {apart}."


def _word(value: object) -> str:
    return str(len(value)) if isinstance(value, list) else str(value)
