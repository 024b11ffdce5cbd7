"""`teacher.jsonl`: every prompt as it was sent, and every reply. The same prompt is answered from here, not sent again.

A prompt is on the disk before it leaves, a reply before it is used. Replies of earlier runs of the project count too,
so that a night pays for what is new.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memsrv.records import to_dict
from memsrv_consolidation.teachers import Prompt, Said, journal
from memsrv_consolidation.teachers.ledger import Call, Prices, Usage

SENT, SAID, FAILED, REPLAYED, STOPPED = "sent", "said", "failed", "replayed", "stopped"


class Exchanges:
    """The exchanges of one run. `earlier` are the files of runs before it, newest first."""

    def __init__(self, path: Path, earlier: Sequence[Path] = ()) -> None:
        self._path = path
        self._own = _replies(path)
        self._earlier: dict[str, str] = {}
        for file in reversed(earlier):
            self._earlier |= _replies(file)

    def reply(self, digest: str, call: Call, prompt: Prompt) -> str | None:
        """What was said to this prompt before. A reply of another run is written down as this run's own."""
        if digest in self._own:
            return self._own[digest]
        if digest in self._earlier:
            self._own[digest] = self._earlier[digest]
            self._write(REPLAYED, digest, call, prompt=to_dict(prompt), reply=self._own[digest])
            return self._own[digest]
        return None

    def sent(self, digest: str, call: Call, prompt: Prompt) -> None:
        """Before it leaves."""
        self._write(SENT, digest, call, prompt=to_dict(prompt))

    def said(self, digest: str, call: Call, said: Said, seconds: float) -> None:
        self._own[digest] = said.text
        self._write(SAID, digest, call, reply=said.text, usage=to_dict(said.usage), seconds=round(seconds, 2))

    def failed(self, digest: str, call: Call, reason: str) -> None:
        self._write(FAILED, digest, call, reason=reason)

    def stopped(self, call: Call, reason: str) -> None:
        """From here on the run goes by rules."""
        self._write(STOPPED, "", call, reason=reason)

    def _write(self, event: str, digest: str, call: Call, **more: Any) -> None:
        time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        row = {"event": event, "hash": digest, "time": time, "purpose": call.purpose}
        journal.append(self._path, row | {"teacher": call.teacher, "model": call.model} | more)


def _replies(path: Path) -> dict[str, str]:
    rows = journal.read(path)[0]
    return {row["hash"]: row["reply"] for row in rows if row.get("event") in (SAID, REPLAYED)}


def summary(path: Path, prices: Prices) -> dict[str, Any]:
    """What a report says of a teacher: how often it was asked and answered, what that cost, and why it was stopped."""
    rows = journal.read(path)[0]
    counts = Counter(row.get("event") for row in rows)
    used = [Usage(**row["usage"]) for row in rows if row.get("event") == SAID and row.get("usage")]
    stops = [row["reason"] for row in rows if row.get("event") == STOPPED]
    return {
        "sent": counts[SENT],
        "answered": counts[SAID],
        "failed": counts[FAILED],
        "replayed": counts[REPLAYED],
        "input": sum(usage.input for usage in used),
        "output": sum(usage.output for usage in used),
        "usd": float(sum(prices.of(usage) for usage in used)),
        "stopped": stops[-1] if stops else None,
    }
