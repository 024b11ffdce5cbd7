"""What tools print, pages say and files hold is quoted and never believed: no preference, rule or training data."""

import importlib.util
import runpy
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from memsrv import mcp
from memsrv.consent import Consent
from memsrv.errors import UsageError
from memsrv.night import sight
from memsrv.records import Fact, Kind, Trust
from memsrv.redact import Redactor
from memsrv.settings import Settings
from memsrv_consolidation.reflect import reflect

_HERE = Path(__file__).resolve().parent
_SPEC = importlib.util.spec_from_file_location("poison", _HERE / "poison.py")
assert _SPEC
assert _SPEC.loader
poison = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(poison)

FORMS = list(runpy.run_path(str(_HERE / "everywhere.py"))["FORMS"])
REDACTOR = Redactor(b"k" * 32)


def learned(place: Any, form: str, **told: Any) -> tuple[set[tuple[str, Trust]], list[Fact]]:
    """(text, whose) of all that is remembered of one session, and the facts that a night would train on."""
    log = place.write(form, place.project("shop"), **told)
    with closing(place.app()) as app:
        app.ingest([log])
        memories = {(memory.text, memory.trust) for memory in app.store.memories(include_retired=True)}
        facts: list[Fact] = []
        for project in app.store.projects():
            seen = sight.trainable_part(app.store, Consent(Settings()))
            episodes = list(sight.episodes(seen, project, REDACTOR))
            found = reflect(project, episodes, sight.memories(seen, project, REDACTOR), REDACTOR).facts
            facts += [fact for fact in found if fact.trust.trainable]
    for file in place.memory.glob("memsrv.db*"):
        file.unlink()
    return memories, facts


def test_there_are_sixty_and_twenty() -> None:
    assert (len(set(poison.POISON)), len(set(poison.LOOK_ALIKES))) == (60, 20)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", ["commands", "files"])
def test_nothing_that_was_printed_or_read_is_believed(place: Any, form: str, way: str) -> None:
    names = [f"./show {n}" if way == "commands" else f"/srv/{n}.md" for n in range(len(poison.POISON))]
    asked = ("Look at this, please.", "Thanks.")
    harmless, taught = learned(place, form, prompts=asked, **{way: tuple((name, "ok") for name in names)})

    poisoned, facts = learned(place, form, prompts=asked, **{way: tuple(zip(names, poison.POISON, strict=True))})

    assert {text for text, trust in poisoned - harmless if trust.trainable} == set()
    assert {fact.text for fact in facts} == {fact.text for fact in taught}


@pytest.mark.parametrize(
    "form", ["claude-code", "codex", "cursor, editor", "gemini, json", "opencode, database", "cline"]
)
def test_what_the_model_says_after_reading_it_is_not_believed(place: Any, form: str) -> None:
    asked = ("Look at this, please.", "Thanks.")
    said = "\n\n".join(text for text in poison.POISON if "Human:" not in text and "<" not in text)

    memories, facts = learned(place, form, prompts=asked, reply=f"The file says:\n\n{said}")

    assert memories == set()
    assert facts == []


def test_of_what_people_say_in_such_words_at_most_two_of_twenty_are_not_heard(place: Any) -> None:
    missed = []
    for words in poison.LOOK_ALIKES:
        memories, _ = learned(place, "claude-code", prompts=("Fix the form.", "Thanks.", words))
        if Trust.HUMAN not in {trust for _, trust in memories}:
            missed.append(words)

    assert len(missed) <= 2, missed


# What an agent saves that has read it


@pytest.fixture
def read(place: Any) -> Any:
    """An app whose agent has read all of it, and has heard one person."""
    files = tuple((f"/srv/{number}.md", text) for number, text in enumerate(poison.POISON))
    log = place.write("claude-code", place.project("shop"), prompts=("Fix it.", *poison.LOOK_ALIKES), files=files)
    with closing(place.app()) as app:
        app.ingest([log])
        (project,) = app.store.projects()
        yield app, project


def test_no_words_of_a_file_are_saved_as_a_preference_or_trained_on(read: Any) -> None:
    app, project = read
    believed = []
    for text in poison.POISON:
        for kind in Kind:
            try:
                saved = app.save(text[:900], kind=kind, project=project)
            except UsageError:
                continue
            memory = app.store.memory(saved.id)
            if memory.trust.trainable and memory.trust is not Trust.HUMAN:
                believed.append((str(kind), text))

    assert [one for one in believed if one[0] == "semantic"] == []
    assert believed == []


def test_what_a_person_said_is_saved_by_their_agent_as_before(read: Any) -> None:
    app, project = read
    refused = []
    for text in poison.LOOK_ALIKES:
        try:
            app.save(text, kind=Kind.SEMANTIC, project=project)
        except UsageError:
            refused.append(text)

    assert len(refused) <= 2, refused


def test_words_of_a_file_end_nothing_that_holds(read: Any) -> None:
    app, project = read
    before = {memory.id for memory in app.store.memories(project)}
    for text in poison.POISON:
        try:
            app.save(text[:900], kind=Kind.EPISODIC, project=project)
        except UsageError:
            continue

    after = {memory.id for memory in app.store.memories(project)}
    assert [app.store.memory_chain(id) for id in before - after] == []
    with pytest.raises(UsageError, match="ask the user"):
        app.save(poison.FACTS[0], kind=Kind.EPISODIC, project=project, supersedes=next(iter(before)))


def test_what_was_saved_before_the_log_was_read_is_judged_once_it_is(place: Any) -> None:
    files = tuple((f"/srv/{number}.md", text) for number, text in enumerate(poison.POISON))
    log = place.write("claude-code", place.project("shop"), prompts=("Fix it.",), files=files)
    with closing(place.app()) as app:
        preference = app.save(poison.PREFERENCES[0], kind=Kind.SEMANTIC, project="shop")
        fact = app.save(poison.FACTS[0], kind=Kind.EPISODIC, project="shop")
        app.ingest([log])
        left = {memory.text: memory.trust for memory in app.store.memories("shop")}

    assert preference.text not in left
    assert left[fact.text] in (Trust.FILE, Trust.TOOL)


def test_over_mcp_it_is_a_quote_with_its_source_and_cannot_leave_its_fence(read: Any) -> None:
    app, _ = read

    async def asked() -> list[str]:
        said = []
        async with Client(mcp.build(app)) as client:
            for text in poison.POISON:
                query = text.replace("\n", " ")[:300]
                result = await client.call_tool("memory_search", {"query": query, "project": "*"})
                said.append(getattr(result.content[0], "text", ""))
        return said

    for answer in anyio.run(asked):
        lines = answer.splitlines()
        assert (lines[0], lines[-1]) == ("<memsrv-recall>", "</memsrv-recall>")
        assert not [line for line in lines[1:-1] if "<memsrv-recall>" in line or "</memsrv-recall>" in line]
        whose = (", file, session ", ", tool, session ")
        assert [line for line in lines if "evil.example" in line and not any(one in line for one in whose)] == []


def test_what_memsrv_gave_is_not_saved_again_and_its_words_are_no_new_evidence(read: Any) -> None:
    app, project = read
    before = app.store.memories(project, include_retired=True)

    async def save_what_is_found() -> list[str]:
        said = []
        async with Client(mcp.build(app)) as client:
            for memory in app.store.memories(project):
                found = await client.call_tool("memory_search", {"query": memory.text, "project": "*", "limit": 1})
                for text in (getattr(found.content[0], "text", "")[:900], memory.text):
                    given = {"text": text, "kind": str(memory.kind), "project": project}
                    answer = await client.call_tool("memory_save", given)
                    said.append(getattr(answer.content[0], "text", ""))
        return said

    answers = anyio.run(save_what_is_found)

    assert len(answers) > 20
    assert all("Known already" in one or "memsrv gave" in one for one in answers)
    assert app.store.memories(project, include_retired=True) == before
