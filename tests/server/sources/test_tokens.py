"""Output tokens are counted once: those of a session's events come to what its log says was spent.

The real logs' own totals, each reckoned here as its agent states it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memsrv.records import Event
from memsrv.sources import SOURCES, UnreadableLineError
from memsrv.sources.fields import mapping, records


def _records(log: Path) -> Iterator[Mapping[str, Any]]:
    for line in log.read_bytes().splitlines():
        try:
            yield from records(line)
        except UnreadableLineError:
            continue


def of_claude_code(log: Path) -> int:
    """Every line of a response repeats its usage, and the last one has all of it."""
    spent: dict[str, int] = {}
    for record in _records(log):
        message = mapping(record.get("message"))
        count = mapping(message.get("usage")).get("output_tokens")
        if record.get("type") == "assistant" and isinstance(count, int) and message.get("model") != "<synthetic>":
            key = str(message.get("id"))
            spent[key] = max(spent.get(key, 0), count)
    return sum(spent.values())


def of_codex(log: Path) -> int:
    """Totals grow, are shown again and again, and begin anew when a session is resumed."""
    whole = last = 0
    for record in _records(log):
        payload = mapping(record.get("payload"))
        if record.get("type") == "turn.completed":
            whole += mapping(record.get("usage")).get("output_tokens", 0)
        if record.get("type") == "event_msg" and payload.get("type") == "token_count":
            total = mapping(mapping(payload.get("info")).get("total_token_usage")).get("output_tokens") or last
            whole += total - last if total >= last else total
            last = total
    return whole


def of_gemini(log: Path) -> int:
    told = json.loads(log.read_bytes())
    return sum(mapping(one.get("tokens")).get("output", 0) for one in told.get("messages", [told]))


def of_opencode(log: Path) -> int:
    told = json.loads(log.read_bytes())["messages"]
    return sum(mapping(one.get("info", one).get("tokens")).get("output", 0) for one in told)


def of_cline(log: Path) -> int:
    told = json.loads(log.read_bytes())
    return sum(mapping(mapping(one.get("metrics")).get("tokens")).get("completion", 0) for one in told)


def of_pi(log: Path) -> int:
    messages = [mapping(one.get("message")) for one in _records(log) if one.get("type") == "message"]
    return sum(mapping(one.get("usage")).get("output", 0) for one in messages if one.get("role") == "assistant")


STATED: dict[str, tuple[str, Callable[[Path], int]]] = {
    "claude-code": ("claude/*__agent*/*.jsonl", of_claude_code),
    "codex": ("codex/**/*.jsonl", of_codex),
    "gemini": ("gemini/**/*.json", of_gemini),
    "opencode": ("opencode/**/*.json", of_opencode),
    "cline": ("cline/**/crud.json", of_cline),
    "pi": ("pi/**/*.jsonl", of_pi),
}


@pytest.mark.parametrize("agent", STATED)
def test_the_tokens_of_a_sessions_events_are_what_its_log_says_was_spent(
    agent: str, real_logs: Path, golden: ModuleType
) -> None:
    pattern, stated = STATED[agent]
    logs = sorted(real_logs.glob(pattern))
    source = {log: next(one for one in SOURCES if one.owns(log, log.read_bytes()[: 1 << 16])) for log in logs}

    told = {log.name: _spent(golden.reading(source[log], log).events) for log in logs}

    assert told == {log.name: stated(log) for log in logs}
    assert sum(told.values()) > 0


def _spent(events: list[Event]) -> int:
    return sum(event.tokens or 0 for event in {event.id: event for event in events}.values())
