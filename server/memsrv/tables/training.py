"""Results of benches of training."""

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
