"""A session that is forgotten is in no lineage any more: a real training before, an erase, a real training after."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memsrv.app import App, open_app
from memsrv.demo.logs import write_logs
from memsrv.demo.steps import Says, Sitting
from memsrv.home import Home
from memsrv.night import Night
from memsrv.night.shelving import put
from memsrv.settings import Settings
from memsrv_adapters.version import Manifest, shelf_name
from memsrv_consolidation.run import Run, read_json

pytest.importorskip("trl")

PROJECT = "harbour"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SITTINGS = (
    Sitting("kept", "The gateway", "2026-11-09T09:00:00.000Z", (Says("The port of the gateway is 6417."),)),
    Sitting("gone", "The vault", "2026-11-10T09:00:00.000Z", (Says("The port of the vault is 7443."),)),
)


@pytest.fixture
def app(tmp_path: Path, random_base: Path) -> App:
    folder = tmp_path / PROJECT
    folder.mkdir()
    write_logs(SITTINGS, tmp_path / "claude", str(folder))
    settings = Settings(base=str(random_base), threads=1, any_base=True, projects={PROJECT: {"train": True}})
    app = open_app(Home(tmp_path / "home"), settings, folder)
    app.ingest([tmp_path / "claude"])
    return app


def learned(app: App, hour: int) -> Manifest:
    """A night, and what of it would be on the shelf if the gate had passed: random weights know nothing."""
    night = Night(app.home, app.settings)
    report = night.consolidate(app.store, PROJECT, now=NOW.replace(hour=hour))
    version = put(
        app.shelf, Run(app.home.runs / report["run"]), read_json(app.home.runs / report["run"] / "report.json")
    )
    app.shelf.promote(version.project, version.version)
    return version.manifest


@pytest.mark.soak
def test_a_rebuild_after_a_session_was_forgotten_has_no_hash_of_it(app: App) -> None:
    before = learned(app, 3)
    gone = next(
        session.id for session in app.store.sessions(PROJECT) if "vault" in app.store.events(session.id)[0].text
    )
    assert gone in {source.session for source in before.sources}
    ids = [memory.id for memory in app.store.memories(PROJECT) if {q.session for q in memory.evidence} == {gone}]

    done = app.forget(ids, erase=True, confirm=app.forget(ids, erase=True).confirm)
    assert [one.version for one in done.adapters_affected] == [before.version]
    assert app.shelf.current(shelf_name(PROJECT)) is None
    after = learned(app, 4)

    theirs = {source.hash for source in before.sources if source.session == gone}
    assert theirs
    assert gone not in {source.session for source in after.sources}
    assert not theirs & {source.hash for source in after.sources}
    assert {fact.hash for fact in after.facts} < {fact.hash for fact in before.facts}
    assert (after.lineage.data, after.hashes) != (before.lineage.data, before.hashes)
