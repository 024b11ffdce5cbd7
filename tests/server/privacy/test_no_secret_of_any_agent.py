"""Secrets in every place of every agent's log: in no file of memsrv, packed or not, and in nothing that it says."""

import base64
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from memsrv.canaries import Canary, canaries

#: Secrets that stand alone on a line, those of them that are names, too, and those that are known by what is around.
ALONE = tuple(c for c in canaries("of any agent", 600) if c.text == c.secret and "\n" not in c.secret)
NAMES = tuple(c for c in ALONE if c.family in ("github-pat", "gitlab-pat", "npm-access-token", "aws-access-token"))
MET = tuple(c for c in canaries("met by any agent", 400) if "\n" not in c.text)
#: No rule knows these: of an address that they stand in, they are not kept.
USER, PASSWORD = "tulipbox77", "marzipan88"
PLACES = ("prompt", "command", "output", "path", "reply", "title", "branch", "strange", "session", "folder")


@dataclass
class Aftermath:
    place: Any
    planted: list[tuple[str, str, Canary]] = field(default_factory=list)  # form, place, secret
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def everything(self) -> Iterator[tuple[str, bytes]]:
        yield from self.place.kept()
        yield from self.said


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, placed: Callable[..., Any]) -> Iterator[Aftermath]:
    place = placed(tmp_path_factory.mktemp("agents"))
    made = Aftermath(place)
    names, alone, met = iter(NAMES), (c for c in ALONE[::-1] if c not in NAMES), iter(MET)
    for number, form in enumerate(place.everywhere.FORMS):
        own = {name: next(met if name in ("prompt", "output") else alone) for name in PLACES[:7]}
        own |= {name: next(names) for name in PLACES[7:]}
        folder = place.root / f"shop{number}" / own["folder"].secret
        folder.mkdir(parents=True)
        address = f"{USER}:{PASSWORD}{number}" if number % 2 else f"{USER}{number}"
        place.write(
            form,
            folder,
            prompts=(f"Always use {own['prompt'].text} for the deploy.", f"Number {number} is next, please."),
            commands=((f"./show {own['command'].text}", f"# staging\n{own['output'].text}\nok"),),
            files=((f"/srv/{own['path'].secret}/x.yaml", "x = 1"),),
            reply=f"I use {own['reply'].text} now.",
            title=f"About {own['title'].text}",
            branch=f"fix/{own['branch'].secret}",
            strange=own["strange"].secret,
            session=own["session"].secret,
            remote=f"https://{address}@git.example.org/ana/shop{number}.git",
        )
        made.planted += [(form, name, canary) for name, canary in own.items()]

    def memsrv(*arguments: str) -> None:
        made.said.append((" ".join(arguments)[:20], place.memsrv(*arguments).encode()))

    memsrv("ingest", "--json")
    for log in place.root.glob("shop*/*/.*"):  # what only a project's own folder has
        memsrv("ingest", str(log), "--json")
    with contextlib.closing(sqlite3.connect(place.memory / "memsrv.db")) as held:  # its write-ahead log stays, too
        sessions = [row[0] for row in held.execute("SELECT id FROM sessions").fetchall()]
        for format in ((), ("--json",)):
            memsrv("status", *format)
            memsrv("memories", "--project", "*", *format)
            memsrv("search", "deploy", "--project", "*", "--limit", "50", *format)
        for session in sessions:
            memsrv("show", session)
        yield made


def test_every_form_of_every_agent_was_read(aftermath: Aftermath) -> None:
    with contextlib.closing(sqlite3.connect(aftermath.place.memory / "memsrv.db")) as raw:
        read = {row[0] for row in raw.execute("SELECT text FROM events WHERE type = 'prompt'")}

    forms = aftermath.place.everywhere.FORMS
    missing = [form for number, form in enumerate(forms) if f"Number {number} is next, please." not in read]
    assert missing == []
    assert len({canary.family for _, _, canary in aftermath.planted}) >= 8


def test_no_secret_that_was_anywhere_in_a_log_is_anywhere_in_memsrv(aftermath: Aftermath) -> None:
    sought = {
        mark: (form, place, canary.family)
        for form, place, canary in aftermath.planted
        for mark in {
            canary.secret.encode(),
            json.dumps(canary.secret)[1:-1].encode(),
            base64.b64encode(canary.secret.encode()),
            canary.secret.casefold().encode(),
        }
    }

    left = {(name, *told) for name, data in aftermath.everything() for mark, told in sought.items() if mark in data}

    assert left == set()


def test_what_an_address_of_a_repository_lets_in_with_is_kept_nowhere(aftermath: Aftermath) -> None:
    left = {
        (name, word)
        for name, data in aftermath.everything()
        for word in (USER, PASSWORD)
        if word.encode() in data.lower()
    }

    assert left == set()
