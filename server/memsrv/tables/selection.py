"""How a training went: its states at each half epoch, which was kept, and how cross-entropy goes with accuracy."""

from memsrv.tables.cells import Json
from memsrv.terminal import percent, say, table


def trajectory(training: Json | None) -> None:
    """A row for each look that was taken; nothing where none was: the last state was taken then."""
    looks = (training or {}).get("selection")
    if training is None or not looks:
        return
    chosen = training.get("chosen")
    table(
        ("look", "epoch", "recalls", "reads", "declines", "CE mean", "median", "p90", ""),
        [
            (
                _named(look),
                f"{look['epoch']:g}",
                *(percent(look[name]) for name in ("accuracy", "reading", "unknown")),
                *(f"{look['ce'][name]:.2f}" for name in ("mean", "median", "p90")),
                "kept" if look == chosen else "",
            )
            for look in looks
        ],
        "\nWhile it was trained, questions in wordings of its own (CE of the tokens that spell a value)",
    )
    if went := ", ".join(
        f"{name} {r:+.2f}" for name, r in (training.get("correlation") or {}).items() if r is not None
    ):
        say(f"Correlation of accuracy with CE: {went}.")


def _named(look: Json) -> str:
    if look["step"] == 0 and look["round"] == 0:
        return "before"
    return f"step {look['step']}" if look["round"] == 0 else f"repair {look['round']}, step {look['step']}"
