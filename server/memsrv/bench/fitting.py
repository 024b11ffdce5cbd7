"""Fit what words and marks are worth: logistic regression over `said/`, written to `lenses/weights.json`.

    python -m memsrv.bench.fitting

`said/` holds sentences that people wrote for this, one a line, `y` for a standing rule and `n` for none; nothing of a
real log is among them. The same sentences give the same file, byte for byte. Knows no log and no label.
"""

import hashlib
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from memsrv.errors import UsageError
from memsrv.lenses import prose
from memsrv.lenses.weighing import WEIGHTS, Weights, features

SAID = Path(__file__).with_name("said")
#: What a sentence must reach: chosen on strangers' messages; below it, most of what is heard is none.
ENOUGH = 2.0
_EPOCHS = 30
_STEP = 0.3
_TOO_LITTLE = 0.1  # left out of the file: it turns no verdict

Sentence = tuple[dict[str, float], bool]


def said(folder: Path = SAID) -> list[tuple[str, bool]]:
    """Every sentence in `folder` and whether it is a standing rule, in the order of the files' names."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if line[:2] not in ("y ", "n ") or not line[2:].strip():
                raise UsageError(f"line {number} of {path} is no sentence; begin it with `y ` or `n `")
            found.append((line[2:], line[0] == "y"))
    return found


def fit(told: Sequence[tuple[str, bool]], *, enough: float = ENOUGH) -> Weights:
    """What each feature is worth, by gradient steps that shrink where a feature was seen often (AdaGrad)."""
    rows = list(_rows(told))
    seen = Counter(feature for row, _ in rows for feature in row)
    worth, bias = dict.fromkeys(seen, 0.0), 0.0
    moved, bias_moved = dict.fromkeys(seen, 1e-8), 1e-8
    order = random.Random(0)
    for _ in range(_EPOCHS):
        order.shuffle(rows)
        for row, rule in rows:
            total = bias + sum(worth[feature] * much for feature, much in row.items())
            wrong = 1 / (1 + math.exp(-max(-30.0, min(30.0, total)))) - rule
            for feature, much in row.items():
                slope = wrong * much + worth[feature] / seen[feature]
                moved[feature] += slope * slope
                worth[feature] -= _STEP * slope / math.sqrt(moved[feature])
            bias_moved += wrong * wrong
            bias -= _STEP * wrong / math.sqrt(bias_moved)
    kept = {feature: round(worth[feature], 2) for feature in sorted(worth) if abs(worth[feature]) >= _TOO_LITTLE}
    return Weights(kept, round(bias, 2), enough, digest(told))


def digest(told: Sequence[tuple[str, bool]]) -> str:
    """Of the sentences and of how each is read: what a change of either makes out of date."""
    read = [[sorted(row), rule] for row, rule in _rows(told)]
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def _rows(told: Sequence[tuple[str, bool]]) -> list[Sentence]:
    """Each line's sentences; where a rule's line has several, nobody says which of them it is."""
    rows = []
    for line, rule in told:
        sentences = list(prose.sentences(line))
        if not rule or len(sentences) == 1:
            rows += [(features(sentence), rule) for sentence in sentences]
    return rows


def main(into: Path = WEIGHTS) -> None:
    weights = fit(said())
    told = {
        "digest": weights.digest,
        "enough": weights.enough,
        "bias": weights.bias,
        "worth": weights.worth,
    }
    into.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main()
