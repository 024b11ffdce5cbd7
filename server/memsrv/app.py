"""The composition root: a verb for each command and tool; the store, the redactor and the shelf, opened when needed.

The CLI and MCP call these verbs and nothing else; here alone (and in `night`) the shelf is touched. A verb gives a
record whose JSON form is design §8's shape, or raises a `MemsrvError`.
"""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from memsrv import night, shapes, status
from memsrv.backing import backing
from memsrv.compact import Compact, compact
from memsrv.errors import EndpointUnavailable, NotFound, PortInUse, UsageError
from memsrv.ingest import IngestReport, ingest
from memsrv.project import identify
from memsrv.recall import Recalled, recall, show
from memsrv.recall import Shown as Opened
from memsrv.records import Kind, Memory, Trust
from memsrv.redact import Redactor, key_at
from memsrv.remember import Saved, remember, save
from memsrv.settings import Home, Settings, allow_training, claude_config
from memsrv.shapes import Facts, Learned, Memories, Pointed, Runs, Shown, Told
from memsrv.status import AdapterStanding, Standing
from memsrv.store import Store
from memsrv_adapters import client
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import Difference, Pointers, shelf_name

Progress = Callable[..., None]

#: What an answer of the model without an adapter is signed with.
BASE = "base"

#: `--project *`: every project.
EVERY = "*"

#: How long a person waits for the endpoint to load its model; an agent does not wait at all.
WARMING_PATIENCE_S = 180.0


class App:
    """One home, seen from one working folder. May be shared by threads."""

    def __init__(self, home: Home, settings: Settings, cwd: Path) -> None:
        self.home = home
        self.settings = settings
        self.cwd = cwd
        self._opening = threading.Lock()
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        with self._opening:
            if self._store is None:
                self._store = Store.open(self.home.database)
            return self._store

    @cached_property
    def redactor(self) -> Redactor:
        self.home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Redactor(key_at(self.home.root / "redaction.key"))

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.home.adapters)

    def project(self, named: str | None = None) -> str:
        """The project called `named`, else the one of the working folder."""
        return named or identify(str(self.cwd))

    def _scope(self, named: str | None) -> str | None:
        return None if named == EVERY else self.project(named)

    def how_to_begin(self) -> str | None:
        """What to do first, while nothing has been read; None once something has."""
        if self.store.counts().events:
            return None
        return "Nothing has been read yet; run `memsrv ingest` (or `memsrv ingest PATH`) to read the agents' logs."

    # Memory

    def ingest(
        self, paths: Sequence[Path] = (), *, agent: str | None = None, progress: Progress | None = None
    ) -> IngestReport:
        """Read logs, Claude Code's own where no path is given, and remember what they hold."""
        report = ingest(
            self.store, self.redactor, paths or [claude_config() / "projects"], agent=agent, progress=progress
        )
        # Not only what changed now: an ingest that was killed before this line left sessions behind.
        waiting = self.store.unremembered()
        found = remember(self.store, waiting)
        self.store.mark_remembered(waiting)
        self._note_standing()
        return replace(report, memories=found.added)

    def search(self, query: str, *, project: str | None = None, kinds: Sequence[Kind] = (), limit: int = 8) -> Recalled:
        return recall(self.store, query, project=self._scope(project), kinds=kinds or None, limit=limit)

    def show(self, id: str, *, around: int = 2) -> Opened:
        try:
            return show(self.store, id, around=around)
        except NotFound as error:
            raise NotFound(
                f"there is no memory, turn or session `{id}`; `memsrv search` names those there are"
            ) from error

    def memories(self, *, project: str | None = None, kinds: Sequence[Kind] = (), superseded: bool = False) -> Memories:
        return Memories(tuple(self.store.memories(self._scope(project), kinds or None, include_retired=superseded)))

    def save(
        self,
        text: str,
        *,
        kind: Kind,
        project: str | None = None,
        supersedes: str | None = None,
        trust: Trust = Trust.ASSISTANT,
    ) -> Saved:
        if project == EVERY:
            raise UsageError("a memory belongs to one project; name it, or leave it out for this folder's")
        name = self.project(project)
        saved = save(
            self.store, self.redactor, text, kind=kind, project=name, now=_now(), supersedes=supersedes, trust=trust
        )
        self._note_standing()
        return saved

    def compact(
        self, session: str | None = None, *, mode: str = "handoff", budget: int = 1500, project: str | None = None
    ) -> Compact:
        return compact(self.store, session, project=self.project(project), mode=mode, budget=budget)

    # Learning

    def facts(self, *, project: str | None = None, teacher: str = "rules") -> Facts:
        """What a consolidation would learn now, and what the versions on the shelf were trained on."""
        _only_rules(teacher)
        name = self.project(project)
        reflection = night.waiting(self.store, name)
        learned = [
            Learned(version.version, str(fact.stage), fact.id, fact.text)
            for version in self.shelf.versions(shelf_name(name))
            for fact in version.manifest.facts
        ]
        return Facts(name, reflection.facts, reflection.left_out, tuple(learned))

    def consolidate(
        self,
        *,
        project: str | None = None,
        base: str | None = None,
        teacher: str = "rules",
        strategy: str | None = None,
        stage: bool = False,
        resume: str | None = None,
        consent: Callable[[str], bool],
        progress: Progress = lambda *_: None,
    ) -> dict[str, Any]:
        """One night: train, measure, and promote if it passed. `consent` is asked once for each project."""
        _only_rules(teacher)
        if resume:
            report = self._night.resume(resume, stage=stage, told=progress)
        else:
            name = self.project(project)
            question = f"May the sessions of {name} be trained on, on this machine?"
            if name not in self.settings.train and consent(question):
                self.settings = allow_training(self.home, self.settings, name)
            report = self._night.consolidate(
                self.store, name, now=datetime.now(UTC), base=base, strategy=strategy, stage=stage, told=progress
            )
        self._note_standing()
        return report

    def runs(self, *, project: str | None = None) -> Runs:
        """All runs, newest first; of one project if it is named."""
        return Runs(tuple(self._night.runs(None if project == EVERY else project)))

    def run(self, id: str) -> dict[str, Any]:
        """The report of a run; how far it is, where there is none yet."""
        return self._night.run(id)

    @property
    def _night(self) -> night.Night:
        return night.Night(self.home, self.settings)

    # The shelf

    def adapters(self, *, project: str | None = None) -> AdapterStanding:
        name = shelf_name(self.project(project))
        pointers = self.shelf.pointers(name)
        versions = tuple(shapes.of_version(v, self.shelf.state(v)) for v in self.shelf.versions(name))
        return AdapterStanding(name, pointers.current, pointers.previous, pointers.candidate, versions)

    def adapter(self, version: str, *, project: str | None = None) -> Shown:
        found = self.shelf.version(shelf_name(self.project(project)), version)
        return Shown(found.manifest, self.shelf.state(found), str(found.path), found.tainted)

    def promote(self, version: str, *, project: str | None = None) -> Pointed:
        name = shelf_name(self.project(project))
        return self._pointed(name, self.shelf.promote(name, self.shelf.version(name, version).version))

    def rollback(self, *, project: str | None = None) -> Pointed:
        name = shelf_name(self.project(project))
        return self._pointed(name, self.shelf.rollback(name))

    def diff(self, old: str, new: str, *, project: str | None = None) -> Difference:
        return self.shelf.diff(shelf_name(self.project(project)), old, new)

    def _pointed(self, project: str, pointers: Pointers) -> Pointed:
        self._note_standing()
        return Pointed(project, pointers.current, pointers.previous, pointers.candidate)

    # Serving

    def ask(self, question: str, *, model: str | None = None, project: str | None = None, wait: bool = True) -> Told:
        """The adapter's own answer, and beside it the current memories that give the value it was asked for."""
        name = shelf_name(self.project(project))
        answer = client.ask(
            self.home,
            question,
            settings=self.settings,
            project=name,
            model=model,
            wait_seconds=WARMING_PATIENCE_S if wait else 0.0,
        )
        standing = self._standing_for(question, self._scope(project))
        if isinstance(answer, client.Warming):
            if wait:
                raise EndpointUnavailable("the endpoint was going idle in this very moment; ask again")
            return Told("warming", None, None, None, None, standing, answer.retry_s)
        facts = backing(answer.answer, self._trained(name, answer.adapter)) if answer.known else ()
        known = answer.known and (bool(facts) or answer.adapter == BASE)
        return Told("answered", answer.answer, known, answer.model, answer.adapter, standing, facts=facts)

    def _trained(self, project: str, adapter: str) -> list[str]:
        """The texts of the facts that the version which answered was trained on; none for the bare base."""
        if adapter == BASE:
            return []
        _, _, version = adapter.partition("@")
        return [fact.text for fact in self.shelf.version(project, version).manifest.facts]

    def _standing_for(self, question: str, project: str | None) -> tuple[Memory, ...]:
        """The live memories whose subject is what `question` is about: what they say overrides the weights."""
        found = self.store.search_memories(question, project=project, limit=10)
        return tuple(hit.memory for hit in found if hit.memory and _is_about(hit.memory, question))[:3]

    def serve(self) -> None:
        """MCP over stdio, until the host ends it."""
        from memsrv import mcp

        mcp.serve(self)

    def endpoint(self, *, port: int | None, announce: Callable[[str, Path, str], None]) -> None:
        """The endpoint for as long as the caller stays; `announce` gets its address, the token's file and a model."""
        project = shelf_name(self.project())
        runs = client.endpoint_state(self.home)
        if runs.state != "stopped" and port and runs.url and not runs.url.endswith(f":{port}"):
            raise PortInUse(f"an endpoint runs already, at {runs.url}; end it with `memsrv endpoint --stop`, or ask it")
        settings = self.settings if port is None else self.settings.model_copy(update={"port": port})
        client.start_endpoint(self.home, settings, project)
        try:
            runs = client.wait_until_ready(self.home, WARMING_PATIENCE_S)
            live = self.shelf.pointers(project).current
            announce(runs.url or "", self.home.token, f"memsrv/{project}" if live else "memsrv/base")
            psutil.Process(runs.pid).wait()
        except psutil.NoSuchProcess:
            return  # it ended between saying that it is ready and our looking
        except KeyboardInterrupt:
            client.stop_endpoint(self.home)
            raise

    def stop_endpoint(self) -> bool:
        return client.stop_endpoint(self.home)

    # Status

    def status(self, *, project: str | None = None) -> Standing:
        """How all stands; its one line is left for `memsrv statusline`."""
        counts = self.store.counts()
        name = self._project_to_show(project)
        standing = status.standing(
            home=self.home.root,
            project=name,
            sessions=counts.sessions,
            events=counts.events,
            sources=[shapes.of_source(file) for file in self.store.files()],
            memories=shapes.of_memories(self.store.memories(include_retired=True)),
            runs=self.runs().runs[:20],
            adapters=self.adapters(project=name),
            endpoint=shapes.of_endpoint(client.endpoint_state(self.home)),
        )
        status.write_line(self.home.statusline, status.line(standing))
        return standing

    def _project_to_show(self, named: str | None) -> str:
        """The one named, else this folder's; a folder that memsrv knows nothing of shows the project last worked on."""
        here = self.project(None if named == EVERY else named)
        if named or here in self.store.projects():
            return here
        sessions = self.store.sessions()
        return max(sessions, key=lambda s: s.ended or s.started or "").project if sessions else here

    def _note_standing(self) -> None:
        self.status()


def open_app(home: Home, settings: Settings, cwd: Path | None = None) -> App:
    return App(home, settings, cwd or Path.cwd())


def _is_about(memory: Memory, question: str) -> bool:
    """Whether `question` names the memory's subject, and of an attribute (a port, a version) which one."""
    if memory.subject is None:
        return False
    named = f"{memory.subject} {memory.relation}" if memory.kind is Kind.EPISODIC else memory.subject
    return _words(named) <= _words(question)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _only_rules(teacher: str) -> None:
    if teacher != "rules":
        raise UsageError(f"there is no teacher `{teacher}` yet; leave --teacher out, or give `rules`")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
