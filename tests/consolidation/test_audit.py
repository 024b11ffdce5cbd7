"""The canary audit finds what was planted in any file, however it lies there, and says where without saying it."""

import base64
import gzip
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from memsrv.canaries import NIGHTLY, canaries, nightly
from memsrv.night.sight import planted
from memsrv.redact import Redactor
from memsrv_consolidation.audit import CANARY, Found, audit, audit_run
from memsrv_consolidation.reflect import reflect
from memsrv_consolidation.run import Run, write_lines

CANARIES = canaries("audit")
PLANTED = CANARIES[4]
SECRETS = tuple(canary.secret for canary in CANARIES)
REDACTOR = Redactor(b"audit", ["Project Falcon"])


def zipped(path: Path, content: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.bin", content)


def tarred(path: Path, content: bytes) -> None:
    (inner := path.with_name("inner.bin")).write_bytes(content)
    with tarfile.open(path, "w:gz") as packed:
        packed.add(inner, "inner.bin")
    inner.unlink()


def in_a_database(path: Path, content: bytes) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x TEXT)")
        db.execute("INSERT INTO t VALUES (?)", [content.decode()])
    db.close()


PLACES: dict[str, Callable[[Path, bytes], object]] = {
    "text.jsonl": Path.write_bytes,
    "weights.safetensors": lambda path, content: path.write_bytes(bytes(range(256)) * 40 + content + b"\0" * 999),
    "packed.zip": zipped,
    "backup.tar.gz": tarred,
    "log.gz": lambda path, content: path.write_bytes(gzip.compress(content)),
    "memsrv.db": in_a_database,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_canary_of_any_family_is_found_in_any_kind_of_file(tmp_path: Path, place: str) -> None:
    for canary in CANARIES:
        (tmp_path / canary.family).mkdir()
        content = json.dumps({"text": f"it is {canary.secret} here"}).encode()
        PLACES[place](tmp_path / canary.family / place, content)

    result = audit([tmp_path], SECRETS, REDACTOR)

    assert {found.file.split("/")[1] for found in result.found} == {canary.family for canary in CANARIES}
    assert not any(canary.secret in str(result) for canary in CANARIES)


@pytest.mark.parametrize(
    "written",
    [
        base64.b64encode(f"token: {PLANTED.secret}".encode()).decode(),
        f"{PLANTED.secret[:15]}\n    {PLANTED.secret[15:]}",
        f'"{PLANTED.secret[:20]}" + "{PLANTED.secret[20:]}"',
        json.dumps(json.dumps(f"\n{PLANTED.secret}\n")),
    ],
    ids=["base64", "split", "concatenated", "escaped"],
)
def test_it_is_found_in_disguise(tmp_path: Path, written: str) -> None:
    (tmp_path / "facts.jsonl").write_text(written)

    [found] = audit([tmp_path], [PLANTED.secret], REDACTOR).found

    assert (found.family, found.count) in ((CANARY, 1), (PLANTED.family, 1))


def test_a_secret_that_nobody_planted_is_named_by_its_family(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "notes.txt").write_text(f"use {PLANTED.secret} twice: {PLANTED.secret}")

    result = audit([tmp_path], (), REDACTOR)

    assert result.found == (Found(f"{tmp_path.name}/adapter/notes.txt", "github-pat", 2),)


def test_a_line_of_a_planted_key_is_enough(tmp_path: Path) -> None:
    key = next(canary.secret for canary in CANARIES if canary.family == "private-key")
    (tmp_path / "log.txt").write_text(f"read {key.splitlines()[2]} from the file")

    assert audit([tmp_path], [key], REDACTOR).found == (Found(f"{tmp_path.name}/log.txt", CANARY, 1),)


def test_every_byte_is_read_also_of_a_large_file(tmp_path: Path) -> None:
    """It is read in pieces of 8 MiB: one secret lies across the first seam, one is the last thing in the file."""
    file = tmp_path / "weights.bin"
    size = (8 << 20) + (1 << 16)
    for at in ((8 << 20) - 20, size - len(PLANTED.secret)):
        data = bytearray(size)
        data[at : at + len(PLANTED.secret)] = PLANTED.secret.encode()
        file.write_bytes(data)

        result = audit([file], SECRETS[:5], REDACTOR)

        assert (result.files, result.bytes, result.clean) == (1, size, False)


def test_what_is_clean_says_how_much_was_read(tmp_path: Path) -> None:
    (tmp_path / "facts.jsonl").write_text("The port of api is 4010.\n")
    (tmp_path / "weights.safetensors").write_bytes(bytes(range(256)) * 100)

    result = audit([tmp_path], SECRETS, REDACTOR)

    assert (result.files, result.bytes, result.found) == (2, 25 + 25600, ())


class Blind(Redactor):
    """A gate that lets everything through."""

    def redact(self, text: str) -> tuple[str, int]:
        return text, 0


def test_the_gate_stops_what_a_night_plants_and_a_broken_gate_is_found_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    of_the_night = nightly("20261120-030000-demo")
    secrets = tuple(canary.secret for canary in of_the_night)
    write_lines(run.planted_file, [planted("demo", of_the_night, "2026-11-20T03:00:00Z")])

    held = reflect("demo", run.planted(), [], REDACTOR)
    write_lines(run.facts_file, held.facts)

    assert (held.facts, held.left_out["planted"]) == ((), NIGHTLY)
    assert audit_run(run, secrets, REDACTOR).clean

    write_lines(run.facts_file, reflect("demo", run.planted(), [], Blind(b"")).facts)

    found = audit_run(run, secrets, REDACTOR).found
    assert found == (Found("facts.jsonl", CANARY, sum(found_one.count for found_one in found)),)
    assert found[0].count >= NIGHTLY


def test_a_users_string_may_stand_in_a_report_and_not_in_what_is_trained_on(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.report_file.write_text('{"project": "project-falcon"}')

    assert audit_run(run, (), REDACTOR).clean

    run.facts_file.write_text('{"text": "project falcon is late"}')

    assert [found.family for found in audit_run(run, (), REDACTOR).found] == ["string"]
