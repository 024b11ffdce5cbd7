"""The verbs of serving: the endpoint, and a question to the adapter."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from memsrv.app.watching import Watching
from memsrv.backing import backing
from memsrv.consent import Act
from memsrv.errors import EndpointUnavailable, PortInUse
from memsrv.night import Night
from memsrv.records import Kind, Memory
from memsrv.shapes import Told
from memsrv_adapters import client
from memsrv_adapters.version import shelf_name

if TYPE_CHECKING:
    from memsrv.bench.answering import Answering

#: What an answer of the model without an adapter is signed with.
BASE = "base"

#: How long a person waits for the endpoint to load its model; an agent does not wait at all.
WARMING_PATIENCE_S = 180.0


class Serving(Watching):
    def ask(
        self, question: str, *, model: str | None = None, project: str | None = None, with_memory: bool = False,
        wait: bool = True,
    ) -> Told:  # fmt: skip
        """The adapter's own answer, and beside it the current memories that give the value it was asked for.

        Closed book it shows what is in the weights; `with_memory` memory stands before the question.
        """
        scope = self._scope(project)
        name = shelf_name(self.project(project))
        self._require_recall_of(model)
        answer = client.ask(
            self.home,
            question,
            settings=self.settings,
            project=name,
            model=model,
            with_memory=with_memory,
            wait_seconds=WARMING_PATIENCE_S if wait else 0.0,
        )
        standing = self._standing_for(question, scope)
        if isinstance(answer, client.Warming):
            if wait:
                raise EndpointUnavailable("the endpoint was going idle in this very moment; ask again")
            return Told("warming", None, None, None, None, standing, answer.retry_s)
        behind = [*self._trained(name, answer.adapter), *self._given(answer.given)]
        facts = backing(answer.answer, behind) if answer.known else ()
        known = answer.known and (bool(facts) or (answer.adapter == BASE and not answer.given))
        return Told(
            "answered", answer.answer, known, answer.model, answer.adapter, standing, facts=facts, given=answer.given
        )

    def _trained(self, project: str, adapter: str) -> list[str]:
        """The texts of the facts that the version which answered was trained on; none for the bare base."""
        if adapter == BASE:
            return []
        _, _, version = adapter.partition("@")
        return [fact.text for fact in self.shelf.version(project, version).manifest.facts]

    def bench_endpoint(self, *, project: str | None = None, limit: int | None = None) -> "Answering":
        """The endpoint's answers to what the newest run measured by, four ways."""
        from memsrv.bench.answering import answering

        name = self.project(project)
        self.consent.require(Act.RECALL, project=name)
        runs = Night(self.home, self.settings).folders(name)

        def ask(model: str, question: str) -> client.Answer | client.Warming:
            return client.ask(self.home, question, settings=self.settings, model=model, wait_seconds=WARMING_PATIENCE_S)

        return answering(runs, f"memsrv/{shelf_name(name)}", ask, limit=limit)

    def _given(self, ids: tuple[str, ...]) -> list[str]:
        """The texts of the memories that stood before the question; a turn is no claim."""
        return [memory.text for memory in self.visible.memories_called(ids)] if ids else []

    def _standing_for(self, question: str, project: str | None) -> tuple[Memory, ...]:
        """The live memories whose subject is what `question` is about: what they say overrides the weights.

        What a tool's output, a page or a file states overrides nothing.
        """
        found = [hit.memory for hit in self.visible.search_memories(question, project=project, limit=10) if hit.memory]
        return tuple(memory for memory in found if memory.trust.trainable and _is_about(memory, question))[:3]

    def _require_recall_of(self, model: str | None) -> None:
        """NothingConsented where `model` names an adapter of a project that may not be given back."""
        named = re.match(r"(?:memsrv/)?([^/@:+]+)", model or "")
        for project in self.consent.refused(Act.RECALL, "projects"):
            if named and named[1] == shelf_name(project):
                self.consent.require(Act.RECALL, project=project)

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


def _is_about(memory: Memory, question: str) -> bool:
    """Whether `question` names the memory's subject, and of an attribute (a port, a version) which one."""
    if memory.subject is None:
        return False
    named = f"{memory.subject} {memory.relation}" if memory.kind is Kind.EPISODIC else memory.subject
    return _words(named) <= _words(question)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
