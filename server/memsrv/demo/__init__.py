"""The whole journey on a made-up week, in a home of its own: from session logs to an adapter that answers.

`run_demo` is the table of contents. It uses memsrv as anybody would: the verbs of `App`, MCP's own client, the official
`openai` client. What it shows is what came out; if the gate refuses, it says so.
"""

import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from memsrv import tables, terminal
from memsrv.app import App
from memsrv.consent import Answer
from memsrv.demo import show
from memsrv.demo.doors import endpoint, search_over_mcp, stream
from memsrv.demo.logs import write_logs
from memsrv.demo.story import PROJECT, SITTINGS
from memsrv.errors import GateRefused
from memsrv.home import Home
from memsrv.records import to_dict
from memsrv.settings import Settings
from memsrv_adapters.version import shelf_name

Result = TypeVar("Result")

#: Asked over MCP first, and of the adapter at the end. The value was corrected on Wednesday.
QUESTION = "Which port does the staging server listen on?"


def run_demo(home: Path | None = None, settings: Settings | None = None) -> int:
    """The exit code: 0, or 3 if the gate refused. With `home`, everything is kept there to look at."""
    # A small model gains little from a second core, and loses much where that one is busy.
    settings = settings or Settings(threads=1)
    if home is not None:
        return _Demo(home.expanduser().resolve(), settings).run()
    with tempfile.TemporaryDirectory(prefix="memsrv-demo-") as folder:
        return _Demo(Path(folder).resolve(), settings).run()


@dataclass
class _Demo:
    """The folder that everything is in, and what each stage took so far."""

    root: Path
    settings: Settings
    spent: list[show.Cost] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = Home(self.root / "memsrv")
        self.folder = self.root / PROJECT
        self.app = App(self.home, self.settings, self.folder)

    def run(self) -> int:
        self._ingest()
        self._remembered()
        self._over_mcp()
        report = self._consolidate()
        if report["verdict"] == "refuse":
            show.line("\nThe gate refused this adapter: nothing was promoted, and memory works on as it did.")
            self._figures()
            return GateRefused.exit_code
        self._over_http()
        self._standing()
        self._figures()
        return 0

    def _ingest(self) -> None:
        show.heading(1, "Ingest", f"Five days of the made-up project {PROJECT}, as Claude Code logs them.")
        (self.folder / ".git").mkdir(parents=True, exist_ok=True)  # a project of its own, wherever this home lies
        write_logs(SITTINGS, self.root / "claude", str(self.folder))
        logs = [self.root / "claude"]
        tables.ingested(to_dict(self._timed("ingest", lambda: self.app.ingest(logs))))
        again = to_dict(self.app.ingest(logs))
        show.line(f"Read again: {again['events']} new events.")

    def _remembered(self) -> None:
        show.heading(2, "Memories", "Made by rules, no model: each with the words that it rests on.")
        show.memories(to_dict(self.app.memories(superseded=True))["memories"])

    def _over_mcp(self) -> None:
        show.heading(
            3, "A question over MCP", "An IDE's side of it: a client, and `memsrv serve` in a process of its own."
        )
        claude = self.root / "claude"
        heard = self._timed("question over MCP", lambda: search_over_mcp(self.home, claude, self.folder, QUESTION))
        show.line(f"tools: {', '.join(heard.tools)}")
        show.line(f'memory_search("{QUESTION}")')
        for result in heard.results:
            show.line(f"  [{result['kind']}] {result['text']}")

    def _consolidate(self) -> Mapping[str, Any]:
        show.heading(
            4,
            "Consolidate",
            f"Facts become conversations, conversations an adapter of {self.settings.base}; then it is measured.",
        )
        with terminal.Stages() as stages:
            made = self.app.consolidate(consent=lambda _: Answer.YES, progress=stages.show)
        report: Mapping[str, Any] = to_dict(made)
        self.spent += [
            show.Cost(stage, seconds, report["peak_mib"].get(stage)) for stage, seconds in report["seconds"].items()
        ]
        if report["verdict"] == "nothing":
            show.line(f"{report['reason']}: this home has seen the demo before, and its adapter stays.")
            return report
        facts, training, preset = report["facts"], report["training"], report["preset"]["name"]
        show.line(f"{facts['trained']} of {facts['total']} facts trained; preset {preset}, seed {report['seed']}.")
        if training.get("steps"):
            show.line(f"{training['steps']} steps on {report['conversations']['total']} conversations.")
        if report["evaluation"]:  # nothing, where the base was not fit to be trained
            show.answers(report["evaluation"])
            show.scores(report["evaluation"])
        show.line(f"\nVerdict: {report['verdict']}. {report['reason']}")
        show.checks(report)
        return report

    def _over_http(self) -> None:
        show.heading(
            5, "The endpoint", "The same question to the adapter alone, by the official `openai` client, streaming."
        )
        project = shelf_name(self.app.project())
        started = monotonic()
        with endpoint(self.home, self.settings, project) as running:
            self.spent.append(show.Cost("endpoint start", monotonic() - started, running.mib()))
            show.line(f"> {QUESTION}")
            started, names = monotonic(), set()
            for name, text in stream(running, f"memsrv/{project}", QUESTION):
                show.piece(text)
                names.add(name)
            self.spent.append(show.Cost("answer over HTTP", monotonic() - started, running.mib()))
            show.line(f"\n— {', '.join(sorted(names))}")

    def _standing(self) -> None:
        show.heading(6, "memsrv status", "What a person asks first.")
        tables.standing(to_dict(self.app.status()))

    def _figures(self) -> None:
        show.heading(
            7, "What it took", f"On this machine, {self.settings.cpu_threads} CPU thread(s) for training and serving."
        )
        show.costs(self.spent)

    def _timed(self, stage: str, work: Callable[[], Result]) -> Result:
        started = monotonic()
        result = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "linux" else 1024) / 1024
        self.spent.append(show.Cost(stage, monotonic() - started, peak))
        return result
