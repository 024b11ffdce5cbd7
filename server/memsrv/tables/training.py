"""Results of benches of training."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json
from memsrv.terminal import say, table


def reading(result: Json) -> None:
    """A row for each sort of question: base, adapter, and the change with its interval."""
    say(f"{result['model']} beside {result['base']}: made-up facts in context, the same questions to both.")
    rows = [
        [row["what"], row["n"], f"{row['base']:.3f}", f"{row['adapter']:.3f}", _points(row), f"{row['p']:.3f}"]
        for row in result["rows"]
    ]
    table(("asked for, of how many in context", "n", "base", "adapter", "change (95 %), points", "p"), rows)


def _points(row: Json) -> str:
    low, high = row["interval"]
    return f"{row['change'] * 100:+.1f} ({low * 100:+.1f} to {high * 100:+.1f})"


def training(result: Json) -> None:
    """A row for each strategy, its pace also as a multiple of trl's."""
    rows = result["rows"]
    first = rows[0]
    cut = f", {counted(result['layers'], 'layer')} of it" if result["layers"] else ""
    size = f"{first['parameters'] / 1e6:,.0f} M parameters"
    say(
        f"{result['base']}{cut}: {size}, {first['dtype']} on {first['device']}. The "
        "same conversations, precision and loss on answers alone; `trl` is SFTTrainer with its defaults elsewhere."
    )
    columns = ("steps", "tokens/s", "answers' tokens/s", "× trl's", "examples/s", "peak MiB", "recall")
    table(
        ("", *columns, "as trl after s", "× sooner"),
        [
            [
                row["strategy"], row["steps"], f"{row['tokens_per_s']:.0f}", f"{row['completion_tokens_per_s']:.0f}",
                row["times_useful"], f"{row['examples_per_s']:.2f}", f"{row['peak_mib']:.0f}", row["recall"],
                row["equal_recall_s"], row["times_sooner"],
            ]
            for row in rows
        ],
    )  # fmt: skip


def guard(result: Json) -> None:
    """A row for each task: base, adapter, the change with its interval, and what it shows."""
    beside = f"{result['model']} beside {result['base']}"
    say(f"{beside}: the same items to both; more than {result['bound']:.0%} lost is refused.")
    rows = [
        [row["task"], row["n"], f"{row['base']:.3f}", f"{row['adapter']:.3f}", _points(row), row["verdict"]]
        for row in result["rows"]
    ]
    table(("task", "n", "base", "adapter", "change (95 %), points", "the bound is"), rows)
