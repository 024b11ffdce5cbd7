"""The verbs of review: what a consolidation would learn, what waits for a person's word, and giving that word.

A fact that a tool's output, a web page or a file stated is trained on only after a person approved it.
"""

from collections.abc import Sequence
from dataclasses import replace

from memsrv import lenses, night
from memsrv.app.configuring import Configuring
from memsrv.app.rooms import now
from memsrv.consent import Act
from memsrv.errors import NotFound, UsageError
from memsrv.lenses import Reading
from memsrv.records import Fact, Review
from memsrv.shapes import Facts, Learned, Reviewed
from memsrv_adapters.version import shelf_name
from memsrv_consolidation import reviews


class Reviewing(Configuring):
    def facts(self, *, project: str | None = None) -> Facts:
        """What a consolidation would learn now by rules, what waits for a review, and what versions were trained on."""
        name = self.project(project)
        self.consent.require(Act.RECALL, project=name)
        reflection = night.waiting(self.store, name, self.consent)
        said = self.store.reviews(name)
        learned = [
            Learned(version.version, str(fact.stage), fact.id, fact.text)
            for version in self.shelf.versions(shelf_name(name))
            for fact in version.manifest.facts
        ]
        waiting = reviews.waiting(self._known(name).values(), said)
        return Facts(
            name, self._shown(reflection.facts), reflection.left_out, tuple(learned), self._shown(waiting), tuple(said)
        )

    def approve(self, ids: Sequence[str], *, project: str | None = None) -> Reviewed:
        """These facts may be trained on, whoever stated them. Undone by `reject`."""
        return self._review(project, [Review(id, reviews.APPROVED, now()) for id in ids])

    def reject(self, ids: Sequence[str], *, project: str | None = None) -> Reviewed:
        """These facts are not trained on, whoever stated them. Undone by `approve`."""
        return self._review(project, [Review(id, reviews.REJECTED, now()) for id in ids])

    def edit(
        self,
        id: str,
        *,
        text: str | None = None,
        subject: str | None = None,
        relation: str | None = None,
        value: str | None = None,
        project: str | None = None,
    ) -> Reviewed:
        """A person's own words instead of the fact's, which may be trained on."""
        if not (text or subject or relation or value):
            raise UsageError("say what the fact should be: give --text, or --subject, --relation and --value")
        fact = self._known(self.project(project)).get(id)
        if fact is None:
            raise self._no_such(id)
        words = _edited(fact, text, subject, relation, value)
        clean = {name: said and self.redactor.redact(said)[0] for name, said in words.items()}
        return self._review(project, [Review(id, reviews.EDITED, now(), **clean)])

    def _review(self, project: str | None, said: Sequence[Review]) -> Reviewed:
        name = self.project(project)
        self.consent.require(Act.RECALL, project=name)
        known = self._known(name)
        reviewed_before = {review.fact for review in self.store.reviews(name)}
        for review in said:
            if review.fact not in known and review.fact not in reviewed_before:
                raise self._no_such(review.fact)
        for review in said:
            self.store.review(name, review)
        after = {fact.id: fact for fact in reviews.apply(list(known.values()), said).facts}
        told = {review.fact for review in said}
        learned = {
            version.version
            for version in self.shelf.versions(shelf_name(name))
            if told & {fact.id for fact in version.manifest.facts}
        }
        facts = tuple(fact for id in dict.fromkeys(review.fact for review in said) if (fact := after.get(id)))
        return Reviewed(name, tuple(said), self._shown(facts), tuple(sorted(learned)))

    def _known(self, project: str) -> dict[str, Fact]:
        """By id: what rules make of the project now, and what the last run, perhaps with a teacher, made of it."""
        runs = night.Night(self.home, self.settings).folders(project)
        last = next((run for run in runs if run.facts_file.exists()), None)
        before = {fact.id: replace(fact, approved=False) for fact in last.facts()} if last else {}
        said = {review.fact for review in self.store.reviews(project) if review.verdict == reviews.EDITED}
        today = night.reflection(self.store, project, self.consent).facts
        return {id: fact for id, fact in before.items() if id not in said} | {fact.id: fact for fact in today}

    def _shown(self, facts: Sequence[Fact]) -> tuple[Fact, ...]:
        """`facts` as far as they may be given back: without the quotes of sessions that may not."""
        hidden = {s.id for s in self.store.sessions(twice=True)} - {s.id for s in self.visible.sessions(twice=True)}
        kept = [(fact, tuple(said for said in fact.evidence if said.session not in hidden)) for fact in facts]
        return tuple(replace(fact, evidence=quotes) for fact, quotes in kept if quotes or not fact.evidence)

    @staticmethod
    def _no_such(id: str) -> NotFound:
        return NotFound(f"there is no fact `{id}` in this project; `memsrv facts --waiting` names those that wait")


def _edited(
    fact: Fact, text: str | None, subject: str | None, relation: str | None, value: str | None
) -> dict[str, str | None]:
    """The words that stand: what is not given is read from the new text, or stays; a text not given is made anew."""
    parts = (subject or fact.subject, relation or fact.relation, value or fact.value)
    if text and not (subject or relation or value):
        read = lenses.read(text)
        parts = (read.subject, read.relation, read.value) if read else (None, None, None)
    if not text:
        text = Reading(*parts).text if all(parts) else fact.text  # type: ignore[arg-type]  # `all` said so
    return {"text": text, "subject": parts[0], "relation": parts[1], "value": parts[2]}
