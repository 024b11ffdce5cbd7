"""What a person or a script sees: tables and progress by rich, one JSON document, one sentence for an error.

Knows shapes of results, not where they come from. Everything but results goes to stderr. What is shown may be anybody's
words: no control character in them reaches the terminal.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from memsrv.layout import one_line, printable
from memsrv.records import to_dict

Cell = str | int | float | None

#: The width of a file or a pipe, which has none of its own.
WIDE = 160


def out() -> Console:
    """Made when used, so that it writes to the stdout of that moment (a test's, a pipe's)."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def err() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def emit(result: object) -> None:
    """`result` as the one JSON document on stdout."""
    sys.stdout.write(json.dumps(to_dict(result), ensure_ascii=True, indent=2) + "\n")


def abandon_stdout() -> None:
    """Nobody takes what is still to be printed: without this the interpreter would try once more, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """A line on stdout that is a result."""
    out().print(printable(text), markup=False)


def note(text: str) -> None:
    """A line on stderr that is not a result."""
    err().print(printable(text), markup=False)


def complain(error: BaseException) -> None:
    """One sentence, on stderr."""
    err().print(
        f"memsrv: {printable(one_line(str(error)))}", markup=False, style="red" if sys.stderr.isatty() else None
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], title: str | None = None) -> None:
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape("–" if cell is None else _figure(cell)) for cell in row))
    out().print(made)


def details(pairs: Mapping[str, Cell]) -> None:
    """Names and values, one a line; those without a value are left out."""
    shown = {name: value for name, value in pairs.items() if value is not None}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        out().print(f"[bold]{escape(name):<{width}}[/]  {escape(_figure(value))}")


def percent(share: Any) -> str | None:
    return f"{100 * share:.0f}%" if isinstance(share, int | float) else None


def ask(question: str, answers: Sequence[str], default: str) -> str:
    """Asks on the terminal; an answer may be given by its beginning (`y`), and `default` is for anything else."""
    err().print(f"{printable(question)} [{'/'.join(answers)}; unset, {default}] ", end="", markup=False)
    said = sys.stdin.readline().strip().casefold()
    meant = [answer for answer in answers if said and answer.startswith(said)]
    return said if said in answers else meant[0] if len(meant) == 1 else default


def person_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


class Stages:
    """A run's progress on stderr: a live bar for a person, a line a stage for a log file, or nothing if `live_only`."""

    def __init__(self, live_only: bool = False) -> None:
        self._live_only = live_only
        self._live = sys.stderr.isatty()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=err(),
            transient=True,
            disable=not self._live,
        )
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> "Stages":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, stage: str, done: int = 0, total: int = 0, eta_s: float | None = None, message: str = "") -> None:
        if stage != self._stage:
            self._stage = stage
            if not self._live and not self._live_only:
                note(f"{stage} …")
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(stage, total=total or None, figures="")
        if self._task is not None:
            figures = f"{done}/{total}" if total else ""
            if eta_s is not None:
                figures += f" · {eta_s:.0f} s left"
            self._bar.update(
                self._task,
                completed=done,
                total=total or None,
                figures=escape(printable(" ".join(filter(None, (figures, message))))),
            )


def _figure(value: Cell) -> str:
    return f"{value:.3g}" if isinstance(value, float) else printable(str(value))
