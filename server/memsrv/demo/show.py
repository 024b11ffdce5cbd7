"""What the demo puts on the terminal: headings, memories with their evidence, answers before and after, figures.

Knows the JSON shapes of results (docs/contracts.md), not where they come from.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from memsrv.layout import one_line
from memsrv.terminal import percent

Json = Mapping[str, Any]

WIDE = 118  # for a file or a pipe, which has no width of its own


@dataclass(frozen=True, slots=True)
class Cost:
    """What one stage took."""

    stage: str
    seconds: float
    peak_mib: float | None = None


def _out() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def heading(number: int, title: str, why: str) -> None:
    _out().print(f"\n[bold cyan]{number}  {escape(title)}[/]\n[dim]{escape(why)}[/]")


def line(text: str) -> None:
    _out().print(Text(text))


def piece(text: str) -> None:
    """A piece of an answer as it streams in."""
    sys.stdout.write(text)
    sys.stdout.flush()


def memories(listed: Sequence[Json]) -> None:
    """Each memory with the words that it rests on; one that no longer holds says what took its place."""
    by_id = {memory["id"]: memory for memory in listed}
    table = _table("kind", "what is remembered", "because somebody said, or a command showed")
    for memory in sorted(listed, key=lambda memory: (memory["kind"], memory["text"])):
        text = Text(memory["text"])
        if memory["valid_to"]:
            text.stylize("strike dim")
            newer = by_id.get(memory["superseded_by"] or "")
            text.append(f"\nsuperseded: {newer['text']}" if newer else "\nno longer holds", style="yellow")
        quotes = " … ".join(_quote(evidence["quote"]) for evidence in memory["evidence"])
        table.add_row(memory["kind"], text, Text(quotes, style="dim"))
    _out().print(table)


def answers(evaluation: Json) -> None:
    """The same questions to the bare base, to base and adapter, and to the base with the evidence in its prompt."""
    for wording, title, limit in (("known", "the base knows", None), ("novel", "new to base and adapter", 8)):
        asked = _one_a_fact(_asked(evaluation, wording))
        if not asked:
            continue
        table = _table("question", "before", "after, closed-book", "with evidence in the prompt")
        for question in asked[:limit]:
            correct = question["correct"]
            table.add_row(Text(question["question"]), *(_answer(question[who], correct[who]) for who in _COLUMNS))
        some = "" if limit is None or len(asked) <= limit else f"; {limit} of {len(asked)}, all are in the run folder"
        _out().print(f"\n[bold]Wordings {title}[/], one question a fact{some}:")
        _out().print(table)


_COLUMNS = ("base", "candidate", "in_context_base")


def scores(evaluation: Json) -> None:
    rows = {
        "floor: the base alone": "base",
        "closed-book: base and adapter": "candidate",
        "in context: the base, with the evidence in its prompt": "in_context_base",
        "in context: base and adapter": "in_context",
    }
    table = _table("share of questions answered right", "known wordings", "novel wordings")
    for name, who in rows.items():
        table.add_row(name, *(_share(_asked(evaluation, wording), who) for wording in ("known", "novel")))
    _out().print()
    _out().print(table)


def checks(report: Json) -> None:
    """What the gate held it to, by what it is about."""
    group = None
    for check in report["checks"]:
        if check.get("group") and check["group"] != group:
            group = check["group"]
            _out().print(f"  [bold]{escape(group)}[/]")
        mark = "[green]✓[/]" if check["passed"] else "[red]✗[/]"
        figure = f"{_figure(check['figure'])} (bound {_figure(check['bound'])})" if check["figure"] is not None else ""
        short = f" [red]{escape(check['short'])}[/]" if check.get("short") else ""
        _out().print(f"  {mark} {escape(check['name'])} {figure}{short} [dim]{escape(check['means'])}[/]")


def costs(spent: Sequence[Cost]) -> None:
    table = _table("stage", "seconds", "peak MiB")
    for cost in spent:
        table.add_row(cost.stage, f"{cost.seconds:.1f}", "–" if cost.peak_mib is None else f"{cost.peak_mib:.0f}")
    table.add_row("[bold]all[/]", f"[bold]{sum(cost.seconds for cost in spent):.1f}[/]", "")
    _out().print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _answer(text: str, correct: bool) -> Text:
    return Text(f"{'✓' if correct else '✗'} {_cut(text, 80)}", style="green" if correct else "red")


def _one_a_fact(questions: Iterable[Json]) -> list[Json]:
    first: dict[str, Json] = {}
    for question in questions:
        first.setdefault(question["fact"], question)
    return list(first.values())


def _asked(evaluation: Json, wording: str) -> list[Json]:
    """The questions about what was learned; others guard old skills."""
    return [q for q in evaluation["questions"] if q["wording"] == wording and q["about"] == "fact"]


def _share(questions: Sequence[Json], who: str) -> str:
    """Of those that `who` was asked: with evidence in the prompt, not every wording is."""
    marks = [question["correct"][who] for question in questions if who in question["correct"]]
    return f"{percent(sum(marks) / len(marks))}  ({sum(marks)} of {len(marks)})" if marks else "–"


def _figure(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _quote(text: str) -> str:
    return f"“{_cut(text, 110)}”"


def _cut(text: str, length: int) -> str:
    said = one_line(text)
    return said if len(said) <= length else said[: length - 1] + "…"
