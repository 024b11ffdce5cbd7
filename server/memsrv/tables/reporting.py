"""Results of reports: whether training pays, with every figure that the answer rests on."""

from memsrv.tables.cells import Json, size
from memsrv.terminal import say, table


def worth(result: Json) -> None:
    """The verdict, the figures with where they come from, and what would have to change."""
    say(f"{result['project']}: {result['verdict']}.")
    table(
        ("figure", "value", "from", "which is"),
        [(one["name"], _figure(one["value"]), one["source"], one["how"]) for one in result["inputs"]],
    )
    table(
        (
            "a training costs",
            "a question saves",
            "break-even questions",
            "days",
            "use ends after days",
            "asked by then",
        ),
        [
            (
                f"${result['cost_usd']:.4f}",
                f"${result['saving_usd_per_question']:.6f}",
                _figure(result["breakeven_questions"]),
                _figure(result["breakeven_days"]),
                _figure(result["horizon_days"]),
                _figure(result["questions_in_horizon"]),
            )
        ],
    )
    if result["changes"]:
        table(
            ("what would have to change", "now", "it pays from"),
            [
                (one["name"], _figure(one["now"]), _figure(one["needed"]) or "not by itself")
                for one in result["changes"]
            ],
        )
    if result["peak_mib"]:
        say(f"A training holds {size(int(result['peak_mib'] * (1 << 20)))} of memory meanwhile.")
    for assumed in result["assumes"]:
        say(f"Assumed: {assumed}.")


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:,.6g}"
