"""Every kind of damaged or odd line, in logs of two agents: whole, and arriving byte by byte with a look between.

The oracle is a plain list: what a reader of the finished file would see, and how many of its lines are damaged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Build = Callable[[Any], bytes]


@dataclass(frozen=True)
class Hostile:
    """What stands between a log's first line and its last, what is to be seen of it, and how much of it is damaged."""

    build: Build
    seen: tuple[str, ...] = ()
    damaged: int = 0


def _kinds() -> dict[str, Hostile]:
    def torn(log: Any) -> bytes:
        return bytes(log.line("torn")[:60])

    return {
        "a torn record, and its line goes on": Hostile(lambda log: torn(log) + b"\n", (), 1),
        "a record spliced into a torn one": Hostile(lambda log: torn(log) + log.line("right"), ("right",), 1),
        "a torn record behind a whole one": Hostile(
            lambda log: log.line("left")[:-1] + torn(log) + b"\n", ("left",), 1
        ),
        "two records on a line": Hostile(lambda log: log.line("left")[:-1] + log.line("right"), ("left", "right")),
        "zeros alone": Hostile(lambda log: b"\x00" * 200 + b"\n", (), 1),
        "zeros before a record": Hostile(lambda log: b"\x00" * 250 + log.line("right"), ("right",), 1),
        "zeros behind a record": Hostile(lambda log: log.line("left")[:-1] + b"\x00" * 200 + b"\n", ("left",), 1),
        "empty lines": Hostile(lambda log: b"\n\r\n  \n"),
        "JSON that is no object": Hostile(lambda log: b'[]\n"text"\n12\ntrue\nnull\n', (), 5),
        "a type that nobody knows": Hostile(lambda log: log.line("new", type="from-the-future"), ()),
        "line ends of Unicode": Hostile(
            lambda log: log.line("cut").replace(b"cut", "a\u2028b\u2029c\u0085d".encode()), ("a\u2028b\u2029c\u0085d",)
        ),
        "a byte order mark": Hostile(lambda log: b"\xef\xbb\xbf" + log.line("marked"), ("marked",)),
        "CRLF": Hostile(lambda log: log.line("windows")[:-1] + b"\r\n", ("windows",)),
        "bytes that are no UTF-8": Hostile(lambda log: log.line("bad").replace(b"bad", b"b\xffd"), ("b\ufffdd",)),
        "half a surrogate pair": Hostile(lambda log: log.line("cut").replace(b"cut", b"\\ud83d"), ("\ufffd",)),
        "a whole surrogate pair": Hostile(
            lambda log: log.line("cut").replace(b"cut", b"\\ud83d\\ude00"), ("\U0001f600",)
        ),
        "an escaped zero": Hostile(lambda log: log.line("cut").replace(b"cut", b"a\\u0000b"), ("ab",)),
        "a number that JSON does not have": Hostile(lambda log: log.line("no", more=float("nan")), (), 1),
        "an endless number": Hostile(lambda log: log.line("no", more=float("-inf")), (), 1),
        "a number beyond 64 bits": Hostile(lambda log: log.line("big", more=10**30), ("big",)),
        "a key twice": Hostile(
            lambda log: log.line("twice").replace(b'"timestamp"', b'"timestamp": "x", "timestamp"'), ("twice",)
        ),
        "a parent that is nowhere": Hostile(lambda log: log.line("orphan", parentUuid="nowhere"), ("orphan",)),
        "a parent that it is itself": Hostile(lambda log: log.line("loop", "loop", parentUuid="loop"), ("loop",)),
        "fields that are anything": Hostile(
            lambda log: log.line("odd", timestamp=[], cwd={"a": 1}, version=-1, isSidechain="perhaps"), ("odd",)
        ),
        "a type that is a list": Hostile(lambda log: log.line("list", type=[])),
        "spaces around": Hostile(lambda log: b" \t " + log.line("spaced")[:-1] + b" \t\n", ("spaced",)),
        "a key that is endless": Hostile(lambda log: log.line("key", **{"k" * 300: 1}), ("key",)),
    }


KINDS = _kinds()


def expected(hostile: Hostile) -> list[str]:
    return ["first", *hostile.seen, "last"]


@pytest.mark.parametrize("kind", KINDS)
def test_whole(kind: str, log: Any, tail: Any) -> None:
    log.add(log.line("first") + KINDS[kind].build(log) + log.line("last"))

    report = tail.read(log)

    assert tail.texts() == expected(KINDS[kind])
    assert report.unreadable == KINDS[kind].damaged
    losses = tail.store.unreadable(str(log.path))
    assert [loss.reason for loss in losses if not loss.reason] == []
    data = log.path.read_bytes()
    for loss in losses:
        assert data[loss.offset - 1 : loss.offset] in (b"\n", b"}")  # a damaged line, or what is damaged of it
        assert data.find(b"\n", loss.offset) + 1 == loss.offset + loss.bytes
    assert tail.store.files()[0].lag == 0


@pytest.mark.parametrize("kind", KINDS)
def test_byte_by_byte(kind: str, log: Any, tail: Any) -> None:
    log.add(log.line("first"))
    tail.read(log)
    hostile = KINDS[kind].build(log)
    with log.path.open("ab", buffering=0) as file:
        for byte in hostile:
            file.write(bytes([byte]))
            tail.read(log)
    log.add(log.line("last"))

    tail.read(log)

    assert tail.texts() == expected(KINDS[kind])
    assert len(tail.store.unreadable()) == KINDS[kind].damaged
    assert [event.turn for session in tail.store.sessions() for event in tail.store.events(session.id)] == list(
        range(len(expected(KINDS[kind])))
    )
    assert tail.store.losses() == tail.store.unreadable()  # nothing else is told any more
    assert tail.store.files()[0].lag == 0


@pytest.mark.parametrize("kind", KINDS)
def test_cut_in_two_by_a_crash_and_a_restart_at_any_byte(kind: str, log: Any, tail: Any) -> None:
    """Three looks around each of some places, each in a new process's store."""
    data = log.path.read_bytes() + log.line("first") + KINDS[kind].build(log) + log.line("last")
    start = len(data) - len(log.line("last")) - len(KINDS[kind].build(log))
    for place in range(start, len(data), max(1, (len(data) - start) // 8)):
        log.path.write_bytes(data[:place])
        tail.read(log)
        tail.again()
    log.path.write_bytes(data)

    tail.read(log)

    assert tail.texts() == expected(KINDS[kind])
    assert len(tail.store.unreadable()) == KINDS[kind].damaged


def test_equal_lines_of_an_agent_without_ids_are_events_of_their_own(tail: Any, tmp_path: Path, new_log: Any) -> None:
    log = new_log("codex", tmp_path)
    log.add(log.line("yes") * 3)
    tail.read(log)
    log.add(log.line("yes") * 2)
    tail.read(log)

    assert tail.texts() == ["yes"] * 5


def test_equal_ids_are_one_event_and_the_first_stands(tail: Any, tmp_path: Path, new_log: Any) -> None:
    log = new_log("claude-code", tmp_path)
    log.add(log.line("first", "a") + log.line("again", "a") + log.line("last", "b"))

    report = tail.read(log)

    assert tail.texts()[0] == "first"
    assert tail.texts()[-1] == "last"
    assert report.unreadable == 0


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_costs_its_own_line(log: Any, tail: Any, opening: bytes) -> None:
    log.add(log.line("first") + opening * 100_000 + b"\n" + opening * 100_000 + log.line("last") + log.line("end"))

    report = tail.read(log)

    assert [text for text in tail.texts() if text != "last"] == ["first", "end"]
    assert report.unreadable == 2
