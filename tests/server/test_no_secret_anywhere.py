"""Sixty secrets go in at the one end, in every position; at no other end is a byte of them: grepped, not asked.

Everything is real: a log as Claude Code writes it, the command line in processes of its own, a training run on a random
base with a teacher on loopback, a backup.
"""

import base64
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zstandard

from memsrv.canaries import FAMILIES, Canary, canaries
from memsrv.home import Home
from memsrv_adapters.shelf import Shelf
from memsrv_adapters.version import Stage, TrainedFact
from memsrv_consolidation.run import Run

POSITIONS = ("prompt", "tool output", "path", "base64", "split over lines", "JSON escapes")
STRING = "Project Falcon"
STEM = "0b8f3f52-6a5e-4d07-9d5e-3c2f6f0a1d11"


def marks(canary: Canary, position: str) -> set[bytes]:
    """What would be left of `canary` somewhere: as it is, in a line of its own, as it was disguised."""
    secret = canary.secret
    found = {secret, json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
    found |= {line for line in secret.splitlines() if "-----" not in line}
    if position == "base64":
        found.add(base64.b64encode(canary.text.encode()).decode())
    if position == "split over lines":
        found |= set(halves(secret))
    if position == "JSON escapes":
        found.add(escaped(secret))
    constant = {half for other in canaries("another", len(FAMILIES)) for half in halves(other.secret)}  # no secret
    return {mark.encode() for mark in found - constant}


def halves(secret: str) -> tuple[str, str]:
    return secret[: len(secret) // 2], secret[len(secret) // 2 :]


def escaped(secret: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in secret)


class Log:
    """A session, a record at a time, as Claude Code writes it."""

    def __init__(self, cwd: str) -> None:
        self.cwd, self.lines, self.calls = cwd, list[bytes](), 0

    def record(self, kind: str, **more: Any) -> None:
        number = len(self.lines)
        common = {
            "type": kind, "uuid": f"u{number}", "parentUuid": f"u{number - 1}" if number else None, "sessionId": STEM,
            "timestamp": f"2026-11-19T10:{number // 60:02}:{number % 60:02}.000Z", "cwd": self.cwd, "version": "2.1.30",
            "isSidechain": False,
        }  # fmt: skip
        self.lines.append(json.dumps(common | more).encode() + b"\n")

    def says(self, text: str, **more: Any) -> None:
        self.record("user", message={"role": "user", "content": text}, **more)

    def uses(self, name: str, given: dict[str, Any], output: str) -> None:
        self.calls += 1
        call = f"toolu_{self.calls:04}"
        use = {"type": "tool_use", "id": call, "name": name, "input": given}
        self.record("assistant", message={"role": "assistant", "model": "m", "content": [use]})
        result = {"type": "tool_result", "tool_use_id": call, "content": output}
        self.record("user", message={"role": "user", "content": [result]}, toolUseResult={"stdout": output})


def told(log: Log, canary: Canary, position: str, number: int) -> None:
    """`canary` in `position`, and in words that rules would make a memory and a fact of."""
    text, secret = canary.text, canary.secret
    at = text.index(secret) + len(secret) // 2
    if position == "prompt":
        log.says(f"For service {number}, always use {text}.")
        log.says(f"The token of service {number} is {text}. Remember it.")
    elif position == "tool output":
        log.uses("Bash", {"command": f"./show {number}", "description": text}, f"# staging\n{text}\nok\n")
    elif position == "path":
        log.uses("Read", {"file_path": f"/srv/{text}/config.yaml"}, "x = 1")
        log.uses("Edit", {"file_path": f"/srv/{text}.env", "old_string": "a", "new_string": text}, "done")
    elif position == "base64":
        code = base64.b64encode(text.encode()).decode()
        log.says(f"The blob of service {number} is {code}.")
        log.uses("Bash", {"command": f"echo {code} | base64 -d"}, f'{{"data": "{code}"}}')
    elif position == "split over lines":
        log.says(f"For service {number}, always use\n    {text[:at]}\n    {text[at:]}\nfor the deploy.")
        log.uses("Bash", {"command": f"curl x \\\n{text[:at]}\\\n{text[at:]}"}, f"> {text[:at]}\n> {text[at:]}\n")
    else:
        hidden = text.replace(secret, escaped(secret))
        log.uses("Bash", {"command": "cat x.json"}, f'{{"value": "{hidden}", "name": "x"}}')
        log.says(f'The config of service {number} is {{"value": "{hidden}"}}.')


@dataclass
class Aftermath:
    """All that was written and said."""

    root: Path
    planted: list[tuple[Canary, str]]
    said: list[bytes] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Every file below the home with its bytes, archives unpacked; every output; every request to the teacher."""
        for path in sorted((self.root / "home").rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.root)), path.read_bytes()
                if path.name == "memsrv.db":
                    yield f"{path.name}!archive", archived(path)
                if path.name.endswith(".tar.gz"):
                    with tarfile.open(path) as packed:
                        for member in packed:
                            if content := packed.extractfile(member):
                                yield f"{path.name}!{member.name}", content.read()
        for number, said in enumerate(self.said):
            yield f"output {number}", said
        for number, asked in enumerate(self.asked):
            yield f"request {number}", json.dumps(asked.body).encode()
            yield f"request {number}, decoded", asked.text.encode()


def archived(database: Path) -> bytes:
    """All that the archive in `database` says: in its own bytes no search finds it."""
    with contextlib.closing(sqlite3.connect(database)) as raw:
        rows = raw.execute("SELECT data FROM archive").fetchall()
    return b"".join(zstandard.ZstdDecompressor().decompress(data) for (data,) in rows)


def shelve(home: Home, report: dict[str, Any]) -> None:
    """Put the run's adapter on the shelf as `night` does; the gate refuses what a random base learned."""
    run = Run(home.runs / report["run"])
    facts = [TrainedFact(fact.id, fact.text, Stage.LEARNING) for fact in run.facts()]
    Shelf(home.adapters).put(
        run.adapter, project=report["project"], base=report["base"], base_hash=report["base_hash"], strategy="paper",
        run=report["run"], created="2026-11-20T03:00:00Z", parent=None, facts=facts, scores={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory, random_base: Path, teachers: ModuleType) -> Iterator[Aftermath]:
    root = tmp_path_factory.mktemp("anywhere")
    everything = Aftermath(root, [(c, POSITIONS[n % 6]) for n, c in enumerate(canaries("anywhere", 60))])
    folder = root / "shop"
    folder.mkdir()
    log = Log(str(folder))
    log.says("The port of the billing service is 4010.")
    log.says("btw Priya is the owner of the uploader, and please always use pnpm for installs.")
    log.says(f"The budget of {STRING} is late, see PROJECT-FALCON and proj\n> ect falcon.")
    for number, (canary, position) in enumerate(everything.planted):
        told(log, canary, position, number)
    strange = [canary for canary, _ in everything.planted if canary.text == canary.secret and "\n" not in canary.secret]
    one, two, three, four, five = strange[:5]
    log.record(one.secret, data=1)
    log.record("user", message={"role": "user", "content": "hm"}, **{two.secret: 1}, gitBranch=f"fix/{three.secret}")
    log.lines += [
        json.dumps({"type": "summary", "summary": f"About {four.text}", "leafUuid": "u1"}).encode() + b"\n",
        json.dumps({"type": "custom-title", "customTitle": five.text, "sessionId": STEM}).encode() + b"\n",
        f"not JSON {one.secret}\n".encode(),
    ]
    log.says("The log level of the billing service is debug.")
    logs = root / "claude" / "projects" / f"-srv-{two.secret}"
    logs.mkdir(parents=True)
    (logs / f"{STEM}.jsonl").write_bytes(b"".join(log.lines))
    server = teachers.TeacherServer(teachers.well)
    home = Home(root / "home")
    home.root.mkdir()
    home.config.write_text(
        f'threads = 1\nbase = "{random_base}"\nany_base = true\nstrategy = "paper"\n\n'
        f'[redact]\nstrings = ["{STRING}"]\n\n[teacher]\nname = "anthropic"\n'
        f'model = "m"\nurl = "{server.url}"\nusd_per_million_input = 1.0\nusd_per_million_output = 1.0\n'
    )

    def memsrv(*arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        run = subprocess.run(
            [sys.executable, "-I", "-m", "memsrv", *arguments, "--json"],
            cwd=folder, capture_output=True, timeout=200,
            env=os.environ | {"MEMSRV_HOME": str(home.root), "ANTHROPIC_API_KEY": "never-told-to-anybody"},
        )  # fmt: skip
        everything.said += [run.stdout, run.stderr]
        assert run.returncode in codes, run.stderr.decode()
        result: dict[str, Any] = json.loads(run.stdout)
        return result

    try:
        memsrv("ingest", str(root / "claude"))
        for canary, _ in everything.planted[::30]:
            memsrv("save", f"For saving, always use {canary.text}.", "--kind", "semantic")
        for arguments in (
            ["search", "always use service", "--all-projects"], ["memories"], ["compact"], ["recover"],
        ):  # fmt: skip
            memsrv(*arguments)
        everything.report = memsrv("consolidate", "--yes", codes=(0, 3))
        shelve(home, everything.report)
        memsrv("adapters", "export", "v1", str(home.root / "v1.memsrv"), "--facts")
        memsrv("backup")
        memsrv("status")
        everything.asked = server.asked
        yield everything
    finally:
        server.close()


def test_sixty_secrets_of_fifteen_families_in_every_position_went_in(aftermath: Aftermath) -> None:
    assert len(aftermath.planted) == 60
    assert len({canary.family for canary, _ in aftermath.planted}) >= 15
    assert {position for _, position in aftermath.planted} == set(POSITIONS)


def test_everything_was_written_that_could_hold_one(aftermath: Aftermath) -> None:
    names = [name for name, _ in aftermath.everything()]

    for part in (
        "memsrv.db", "memsrv.db!archive", "episodes.jsonl", "facts.jsonl", "conversations.jsonl",
        "adapter_model.safetensors", "evaluation.json", "report.json", "log.txt", "teacher.jsonl", ".tar.gz!memsrv.db",
        ".tar.gz!adapters/shop/v1/manifest.json", "v1.memsrv", "request 0",
    ):  # fmt: skip
        assert any(part in name for name in names), part


@pytest.mark.parametrize("position", POSITIONS)
def test_no_byte_of_any_secret_is_anywhere(aftermath: Aftermath, position: str) -> None:
    sought = {
        (canary.family, mark)
        for canary, planted in aftermath.planted
        if planted == position
        for mark in marks(canary, position)
    }

    left = [(name, family) for name, data in aftermath.everything() for family, mark in sought if mark in data]

    assert left == []


def test_a_users_own_words_are_in_no_file_but_the_one_that_says_so(aftermath: Aftermath) -> None:
    left = [name for name, data in aftermath.everything() if b"falcon" in data.lower() and "config.toml" not in name]

    assert left == []


def test_what_was_said_beside_them_is_remembered_and_trained_on(aftermath: Aftermath) -> None:
    run = aftermath.root / "home" / "runs" / aftermath.report["run"]

    assert "4010" in (run / "conversations.jsonl").read_text()
    assert "pnpm" in (run / "facts.jsonl").read_text()


def test_the_gate_stopped_the_canaries_of_the_night_and_the_audit_found_none(aftermath: Aftermath) -> None:
    [check] = [check for check in aftermath.report["checks"] if check["name"] == "secrets"]

    assert check["passed"], check
    assert aftermath.report["facts"]["planted"] >= 5
