"""A version as one file: what leaves is audited and says no more than it must; what comes in is trusted in nothing."""

import hashlib
import io
import json
import random
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import App, open_app
from memsrv.errors import AdapterMismatch, GateRefused, MemsrvError, NotFound, UsageError
from memsrv.home import Home
from memsrv.records import to_dict
from memsrv.settings import Settings
from memsrv_adapters import parcel
from memsrv_adapters.version import CONFIG, MANIFEST, WEIGHTS, Lineage, Source, Stage, TrainedFact

SAID = Source("5e551017", 3, "ab" * 32, "e7")
FACT = TrainedFact(
    "mem_0123456789ab", "The port of the telemetry gateway is 6417.", Stage.GRADUATED, 4, 4, "cd" * 32, (SAID,)
)
MADE = Lineage("extend", 7, {"name": "paper", "rank": 16}, "01" * 32, "23" * 32, (replace(SAID, turn=9),), (FACT,))
SECRET = "ghp_" + "9aK2mXq7" + "Zt4RwB8c" + "LfY3hNs6" + "VpD1gJe5" + "uQ0T"

Members = list[tuple[tarfile.TarInfo, bytes]]


@dataclass
class Pair:
    """Somebody who gives a version away, and somebody who takes it in, on the same base."""

    giver: App
    taker: App
    file: Path

    def export(self, **rest: Any) -> Any:
        return self.giver.export_adapter("v1", self.file, project="demo", **rest)

    def take(self) -> Any:
        return self.taker.import_adapter(self.file, project="theirs")


@pytest.fixture
def pair(stored: Any, tmp_path: Path) -> Pair:
    stored.put("demo", facts=[FACT], lineage=MADE)
    settings = Settings(base=str(stored.base.path), projects={"demo": {"recall": True}})
    folder = tmp_path / "folder"
    folder.mkdir()
    return Pair(
        open_app(Home(stored.shelf.root.parent), settings, folder),
        open_app(Home(tmp_path / "other"), settings, folder),
        tmp_path / "demo.memsrv.tar",
    )


def members(file: Path) -> Members:
    with tarfile.open(file) as tar:
        return [(member, (tar.extractfile(member) or io.BytesIO()).read()) for member in tar]


def repacked(file: Path, change: Callable[[Members], Members], mode: Any = "w:") -> None:
    changed = change(members(file))
    with tarfile.open(file, mode) as tar:
        for member, data in changed:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))


def named(
    name: str, data: bytes = b"x", type: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = type, link
    return entry, data


def said(change: dict[str, Any], name: str = MANIFEST) -> Callable[[Members], Members]:
    """The members with fields of a JSON file changed, and the manifest's hash of it made to fit."""

    def changed(given: Members) -> Members:
        found = {entry.name: data for entry, data in given}
        found[name] = json.dumps(json.loads(found[name]) | change).encode()
        if name == CONFIG:
            manifest = json.loads(found[MANIFEST])
            manifest["hashes"][CONFIG] = hashlib.sha256(found[CONFIG]).hexdigest()
            found[MANIFEST] = json.dumps(manifest).encode()
        return [named(each, data) for each, data in found.items()]

    return changed


# What leaves


def test_what_was_given_away_is_taken_in_staged_and_whole(pair: Pair, stored: Any) -> None:
    pair.export()

    taken = pair.take()

    theirs, ours = pair.taker.shelf.version("theirs", "v1"), stored.shelf.version("demo", "v1")
    assert (taken.state, taken.version) == ("staged", "v1")
    assert pair.taker.shelf.pointers("theirs").current is None
    assert (theirs.path / WEIGHTS).read_bytes() == (ours.path / WEIGHTS).read_bytes()
    assert theirs.manifest.base_hash == ours.manifest.base_hash
    assert pair.taker.promote("v1", project="theirs").current == "v1"


def test_words_travel_only_when_asked_for(pair: Pair) -> None:
    silent = pair.export()
    without = pair.file.read_bytes()
    pair.file.unlink()
    telling = pair.export(facts=True)

    assert (silent.facts, telling.facts) == (0, 1)
    assert not re.search(rb"(?<![0-9a-f])6417(?![0-9a-f])", without)  # in a hash any four digits may stand
    assert FACT.id.encode() not in without
    assert b"6417" in pair.file.read_bytes()


def test_what_it_was_made_of_travels_with_it(pair: Pair) -> None:
    pair.export(facts=True)
    pair.take()

    taken = pair.taker.shelf.version("theirs", "v1").manifest
    told = TrainedFact(FACT.id, FACT.text, hash=FACT.hash, sources=FACT.sources)
    assert (taken.facts, taken.lineage) == ((told,), replace(MADE, inherited=(told,)))


def test_no_hash_of_words_travels_where_the_words_do_not(pair: Pair) -> None:
    pair.export()

    whole = b"".join(data for _, data in members(pair.file))
    assert (b"ab" * 32 in whole, b"cd" * 32 in whole, b"5e551017" in whole) == (False, False, False)
    pair.take()
    taken = pair.taker.shelf.version("theirs", "v1").manifest
    assert taken.lineage == replace(MADE, replayed=(), inherited=())


def test_a_parcel_of_before_there_were_lineages_is_taken_in(pair: Pair) -> None:
    pair.export(facts=True)
    repacked(pair.file, said({"lineage": None, "facts": [{"id": FACT.id, "text": FACT.text}]}))

    pair.take()

    assert pair.taker.shelf.version("theirs", "v1").manifest.lineage == Lineage()


def test_facts_that_came_with_it_are_not_taken_for_learned(pair: Pair) -> None:
    pair.export(facts=True)
    pair.take()

    (fact,) = pair.taker.shelf.version("theirs", "v1").manifest.facts
    assert (fact.text, fact.stage) == (FACT.text, Stage.LEARNING)


def test_neither_the_project_nor_a_path_of_this_machine_leaves(pair: Pair, stored: Any, tmp_path: Path) -> None:
    config = stored.shelf.version("demo", "v1").path / CONFIG
    changed = json.loads(config.read_text()) | {"base_model_name_or_path": str(tmp_path / "private")}
    config.write_text(json.dumps(changed))
    manifest = config.with_name(MANIFEST)
    said = json.loads(manifest.read_text())
    said["hashes"][CONFIG] = hashlib.sha256(config.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(said))

    pair.export()

    assert str(tmp_path).encode() not in pair.file.read_bytes()
    assert b"demo" not in pair.file.read_bytes()


def test_a_secret_in_what_would_leave_is_refused_and_nothing_is_left(pair: Pair, stored: Any) -> None:
    stored.put("demo", seed=2, facts=[TrainedFact("f1", f"The token of the deploy bot is {SECRET}.")])

    with pytest.raises(GateRefused, match="not given away") as refused:
        pair.giver.export_adapter("v2", pair.file, project="demo", facts=True)

    assert SECRET not in str(refused.value)
    assert not pair.file.exists()


def test_a_tainted_version_is_not_given_away(pair: Pair, stored: Any) -> None:
    stored.shelf.taint("demo", "v1", "it was trained on something that was erased")

    with pytest.raises(GateRefused, match="erased"):
        pair.export()


def test_what_is_there_is_not_overwritten(pair: Pair) -> None:
    pair.file.write_text("mine")

    with pytest.raises(UsageError, match="name a new file"):
        pair.export()

    assert pair.file.read_text() == "mine"


def test_a_version_that_is_not_there_is_named(pair: Pair) -> None:
    with pytest.raises(NotFound, match="v7"):
        pair.giver.export_adapter("v7", pair.file, project="demo")


# What comes in


@pytest.fixture(scope="module")
def watched() -> Callable[[Path], AbstractContextManager[list[str]]]:
    """Inside the `with`: what this process executes, or writes outside the folder. A hook cannot be taken back."""
    seen: list[str] = []
    below: list[Path] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if below and event in ("exec", "subprocess.Popen", "os.system", "pickle.find_class"):
            seen.append(f"{event} {args}")
        if below and event == "open" and isinstance(args[0], str) and "w" in (args[1] or ""):
            seen.extend([] if args[0].startswith(str(below[0])) else [f"open {args}"])

    sys.addaudithook(hook)

    @contextmanager
    def watching(folder: Path) -> Iterator[list[str]]:
        seen.clear()
        below.append(folder)
        try:
            yield seen
        finally:
            below.clear()

    return watching


def test_weights_of_another_base_are_refused(pair: Pair) -> None:
    pair.export()
    repacked(pair.file, said({"base_hash": "0" * 64}))

    with pytest.raises(AdapterMismatch, match=r"another .* config set base"):
        pair.take()


def test_the_name_of_a_base_is_never_followed(pair: Pair) -> None:
    pair.export()
    repacked(pair.file, said({"base": "../../etc/passwd"}))

    with pytest.raises(AdapterMismatch, match="does not understand"):
        pair.take()


HOSTILE: dict[str, Callable[[Members], Members]] = {
    "a pickle": lambda m: [*m, named("adapter_model.bin")],
    "a torch file": lambda m: [*m, named("weights.pt")],
    "a program": lambda m: [*m, named("modeling.py")],
    "a way up": lambda m: [named("../adapter_config.json"), *m],
    "an absolute name": lambda m: [named("/tmp/adapter_config.json"), *m],
    "a folder": lambda m: [named("adapter", type=tarfile.DIRTYPE), *m],
    "a link": lambda m: [
        named(CONFIG, type=tarfile.SYMTYPE, link="/etc/passwd"),
        *(x for x in m if x[0].name != CONFIG),
    ],
    "a hard link": lambda m: [*m[:1], named(CONFIG, type=tarfile.LNKTYPE, link=MANIFEST), m[2]],
    "a device": lambda m: [*m[:1], named(CONFIG, type=tarfile.CHRTYPE), m[2]],
    "a pipe": lambda m: [*m[:1], named(CONFIG, type=tarfile.FIFOTYPE), m[2]],
    "the same twice": lambda m: [m[0], *m],
    "a file too few": lambda m: m[:2],
    "other weights": lambda m: [*m[:2], (m[2][0], m[2][1][:-1] + b"\x01")],
    "no safetensors": lambda m: [*m[:2], (m[2][0], b"\x80\x04\x95")],
    "a manifest that is a list": lambda m: [(m[0][0], b"[]"), *m[1:]],
    "a manifest too deep": lambda m: [(m[0][0], b"[" * 100_000), *m[1:]],
    "a manifest of another form": said({"format": 99}),
    "a lineage that is none": said({"lineage": {"built": "stolen"}}),
    "a seed that is a word": said({"lineage": {**to_dict(Lineage()), "seed": "7"}}),
    "a source without a hash": said({"facts": [{"id": "f", "text": "y", "sources": [{"session": "s", "turn": 1}]}]}),
    "facts that are none": said({"facts": [{"id": "../x", "text": "y"}]}),
    "a strategy that is a path": said({"strategy": "../../x"}),
    "a time that is none": said({"created": "yesterday"}),
    "a library to import": said({"auto_mapping": {"parent_library": "os"}, "peft_type": "OS"}, CONFIG),
    "a pattern for modules": said({"target_modules": "(a+)+$"}, CONFIG),
    "patterns among modules": said({"target_modules": ["(a+)+$"]}, CONFIG),
    "a pattern of ranks": said({"rank_pattern": {"(a+)+$": 8}}, CONFIG),
    "a switch that is none": said({"use_rslora": {"x": 1}}, CONFIG),
    "a rank without end": said({"r": 10**9}, CONFIG),
    "modules of the base": said({"modules_to_save": ["lm_head"]}, CONFIG),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_stranger_made_is_refused_with_a_reason_and_leaves_nothing(
    pair: Pair, tmp_path: Path, watched: Any, name: str
) -> None:
    pair.export()
    repacked(pair.file, HOSTILE[name])
    before = sorted(tmp_path.rglob("*"))
    with watched(tmp_path) as seen, pytest.raises(MemsrvError) as refused:
        pair.take()

    assert str(refused.value)
    assert seen == []
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()]
    assert [path for path in left if path.name != "hashes.json"] == []  # what is known of the base
    assert pair.taker.shelf.names("theirs") == []


def test_a_library_in_the_configuration_is_dropped(pair: Pair) -> None:
    pair.export()
    hostile = {
        "auto_mapping": {"parent_library": "os", "base_model_class": "system"},
        "base_model_name_or_path": "/etc",
    }
    repacked(pair.file, said(hostile, CONFIG))

    pair.take()

    kept = json.loads((pair.taker.shelf.version("theirs", "v1").path / CONFIG).read_text())
    assert not set(hostile) & set(kept)


def test_a_compressed_file_is_none_of_ours(pair: Pair) -> None:
    pair.export()
    repacked(pair.file, lambda m: m, "w:gz")

    with pytest.raises(AdapterMismatch, match="no parcel"):
        pair.take()


def test_a_sparse_member_that_claims_more_than_it_holds_is_refused(pair: Pair) -> None:
    pair.export()
    huge = tarfile.TarInfo(WEIGHTS)
    huge.size, huge.type = 0, tarfile.REGTYPE
    huge.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": WEIGHTS,
                        "GNU.sparse.realsize": str(1 << 20)}  # fmt: skip
    given = members(pair.file)
    with tarfile.open(pair.file, "w:", format=tarfile.PAX_FORMAT) as tar:
        for entry, data in given[:2]:
            tar.addfile(entry, io.BytesIO(data))
        block = b"1\n0\n512\n".ljust(512, b"\0") + bytes(512)
        huge.size = len(block)
        tar.addfile(huge, io.BytesIO(block))

    with pytest.raises(AdapterMismatch, match="no plain file"):
        pair.take()


def test_a_header_changed_in_any_byte_is_refused_or_harmless(pair: Pair, tmp_path: Path) -> None:
    """Of the tar and of the safetensors within: 150 files with one byte changed each."""
    pair.export()
    whole = pair.file.read_bytes()
    dice = random.Random(7)
    for n in range(150):
        changed = bytearray(whole)
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        pair.file.write_bytes(changed)
        into = tmp_path / f"into{n}"
        into.mkdir()
        try:
            taken = parcel.unpack(pair.file, into)
        except MemsrvError:
            continue
        assert {path.name for path in into.iterdir()} == {CONFIG, WEIGHTS}
        assert hashlib.sha256((into / WEIGHTS).read_bytes()).hexdigest() == taken.sha256
