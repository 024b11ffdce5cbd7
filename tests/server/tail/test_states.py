"""Anything that may happen to a folder of logs, in any order, against a plain list.

Every line that was whole while it could be seen by a look is stored once; nothing else is, and nothing twice.
"""

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from memsrv.errors import NoLogs

_PACKED = ".zst"
#: Thousands of databases come and go: in memory, where there is such a folder.
_QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None


class _Killed(BaseException):
    """Nobody catches it: what was begun is undone by SQLite, not by us."""


def machine(new_log: Callable[[str, Path], Any], new_tail: Callable[[Path], Any]) -> type[RuleBasedStateMachine]:
    class Logs(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.root = Path(tempfile.mkdtemp(dir=_QUICK))
            self.shape = new_log("claude-code", self.root)
            self.folder = self.shape.path.parent
            self.shape.path.unlink()
            self.tail = new_tail(self.root / "home")
            self.count = 0
            self.seen: set[str] = set()  # by a look that came to its end
            self.perhaps: set[str] = set()  # by one that was killed
            self.open: dict[Path, bytes] = {}  # the rest of a line that is being written

        def teardown(self) -> None:
            self.tail.store.close()
            shutil.rmtree(self.root)

        # What there is

        def logs(self, *, plain: bool = True) -> list[Path]:
            return sorted(path for path in self.folder.iterdir() if not (plain and path.suffix == _PACKED))

        def new_name(self) -> Path:
            self.count += 1
            return self.folder / f"log-{self.count}.jsonl"

        def new_line(self) -> bytes:
            self.count += 1
            return bytes(self.shape.line(f"line {self.count}", f"n{self.count}"))

        def visible(self) -> set[str]:
            found = set()
            for path in self.logs(plain=False):
                data = path.read_bytes()
                if path.suffix == _PACKED:
                    data = zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 24)
                for line in data.split(b"\n"):
                    with contextlib.suppress(ValueError):
                        found.add(_id_of(line))
            return found

        def choose(self, data: st.DataObject) -> Path:
            return data.draw(st.sampled_from(self.logs()))

        # What agents and people do

        @rule(data=st.data(), lines=st.integers(1, 4), fresh=st.booleans())
        def append(self, data: st.DataObject, lines: int, fresh: bool) -> None:
            path = self.new_name() if fresh or not self.logs() else self.choose(data)
            with path.open("ab") as file:
                file.write(self.open.pop(path, b"") + b"".join(self.new_line() for _ in range(lines)))

        @precondition(lambda self: self.logs())
        @rule(data=st.data(), part=st.floats(0.05, 0.95))
        def append_half(self, data: st.DataObject, part: float) -> None:
            path = self.choose(data)
            rest = self.open.pop(path, b"") or self.new_line()
            place = min(int(len(rest) * part), len(rest) - 3)
            with path.open("ab") as file:
                file.write(rest[:place])
            self.open[path] = rest[place:]

        @precondition(lambda self: self.open)
        @rule(data=st.data())
        def crash_in_a_line(self, data: st.DataObject) -> None:
            path = data.draw(st.sampled_from(sorted(self.open)))
            del self.open[path]
            with path.open("ab") as file:
                file.write(b"\n")

        @precondition(lambda self: self.logs())
        @rule(data=st.data(), part=st.floats(0, 1))
        def truncate(self, data: st.DataObject, part: float) -> None:
            path = self.choose(data)
            self.open.pop(path, None)
            kept = path.read_bytes()[: int(path.stat().st_size * part)]
            with path.open("r+b") as file:
                file.truncate(kept.rfind(b"\n") + 1)

        @precondition(lambda self: self.logs())
        @rule(data=st.data(), in_place=st.booleans())
        def rewrite(self, data: st.DataObject, in_place: bool) -> None:
            """Some lines go, others come, in any place; in the file, or in one that is renamed over it."""
            path = self.choose(data)
            self.open.pop(path, None)
            lines = path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if line.endswith(b"\n") and data.draw(st.booleans())]
            kept.insert(data.draw(st.integers(0, len(kept))), self.new_line())
            if in_place:
                path.write_bytes(b"".join(kept))
            else:
                part = self.root / "part"
                part.write_bytes(b"".join(kept))
                part.rename(path)

        @precondition(lambda self: self.logs())
        @rule(data=st.data())
        def write_over(self, data: st.DataObject) -> None:
            """One line of a log that was read becomes another one of its length."""
            path = self.choose(data)
            self.ingest(500)
            lines = path.read_bytes().splitlines(keepends=True)
            new = self.new_line()
            fitting = [place for place, line in enumerate(lines) if len(line) >= len(new) and line.endswith(b"\n")]
            if fitting:
                place = data.draw(st.sampled_from(fitting))
                more = "x" * (len(lines[place]) - len(new))
                lines[place] = bytes(self.shape.line(f"line {self.count}{more}", f"n{self.count}"))
                with path.open("r+b") as file:
                    file.write(b"".join(lines))
            self.ingest(500)

        @precondition(lambda self: self.logs())
        @rule(data=st.data())
        def rename(self, data: st.DataObject) -> None:
            path, new = self.choose(data), self.new_name()
            path.rename(new)
            if path in self.open:
                self.open[new] = self.open.pop(path)

        @precondition(lambda self: len(self.logs()) > 1)
        @rule(data=st.data())
        def rename_over_another(self, data: st.DataObject) -> None:
            path, other = self.choose(data), self.choose(data)
            path.rename(other)
            if path != other:
                self.open.pop(other, None)
                if path in self.open:
                    self.open[other] = self.open.pop(path)

        @precondition(lambda self: self.logs())
        @rule(data=st.data(), lines=st.integers(0, 2))
        def fork(self, data: st.DataObject, lines: int) -> None:
            path, copy = self.choose(data), self.new_name()
            copy.write_bytes(
                path.read_bytes() + self.open.get(path, b"") + b"".join(self.new_line() for _ in range(lines))
            )

        @precondition(lambda self: [path for path in self.logs() if path not in self.open])
        @rule(data=st.data())
        def compress(self, data: st.DataObject) -> None:
            path = data.draw(st.sampled_from([path for path in self.logs() if path not in self.open]))
            packed = path.with_name(path.name + _PACKED)
            packed.write_bytes(zstandard.ZstdCompressor().compress(path.read_bytes()))
            path.unlink()

        @precondition(lambda self: len(self.logs(plain=False)) > len(self.logs()))
        @rule(data=st.data())
        def unpack(self, data: st.DataObject) -> None:
            packed = data.draw(st.sampled_from([path for path in self.logs(plain=False) if path.suffix == _PACKED]))
            plain = zstandard.ZstdDecompressor().decompress(packed.read_bytes(), max_output_size=1 << 24)
            packed.with_suffix("").write_bytes(plain)
            packed.unlink()

        @precondition(lambda self: self.logs(plain=False))
        @rule(data=st.data())
        def delete(self, data: st.DataObject) -> None:
            path = data.draw(st.sampled_from(self.logs(plain=False)))
            path.unlink()
            self.open.pop(path, None)

        # What memsrv does

        def look(self, **more: Any) -> None:
            with contextlib.suppress(NoLogs):
                self.tail.look(self.folder, now=time.time, **more)

        @rule(batch=st.sampled_from([64, 500, 1 << 20]))
        def ingest(self, batch: int) -> None:
            self.seen |= self.visible()
            self.perhaps -= self.seen
            self.look(batch_bytes=batch)
            self.agrees()

        @rule(steps=st.integers(0, 6))
        def kill(self, steps: int) -> None:
            """In the middle of a look: what it held in memory is gone, and so is its store."""
            left = iter(range(steps))

            def progress(*_: object) -> None:
                if next(left, None) is None:
                    raise _Killed

            self.perhaps |= self.visible() - self.seen
            with contextlib.suppress(_Killed):
                self.look(batch_bytes=64, progress=progress)
            self.tail.again()

        @rule()
        def restart(self) -> None:
            self.tail.again()

        @invariant()
        def status_is_true(self) -> None:
            for file in self.tail.store.files():
                size = Path(file.path).stat().st_size if Path(file.path).exists() else None
                assert file.size == size
                assert file.lag >= 0

        def agrees(self) -> None:
            stored = [
                event.id for session in self.tail.store.sessions() for event in self.tail.store.events(session.id)
            ]
            assert len(stored) == len(set(stored))
            assert self.seen <= set(stored)
            assert set(stored) <= self.seen | self.perhaps

    return Logs


def _id_of(line: bytes) -> str:
    return str(json.loads(line)["uuid"])


def _run(examples: int, new_log: Any, new_tail: Any) -> None:
    run_state_machine_as_test(
        machine(new_log, new_tail),
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_each_line_that_was_seen_is_stored_once(new_log: Any, new_tail: Any) -> None:
    _run(200, new_log, new_tail)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_whatever_happens_ten_thousand_times(new_log: Any, new_tail: Any) -> None:
    _run(10_000, new_log, new_tail)
