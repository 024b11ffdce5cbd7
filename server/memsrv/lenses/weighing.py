"""How much a sentence sounds like a standing rule, where no exact shape fits: what its words and marks are worth.

The weights were fitted by `memsrv.bench.fitting` on sentences written for that, none of them of a real log, and lie
beside this page. Knows English, and one sentence at a time.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memsrv.lenses import scope
from memsrv.lenses.marks import marks
from memsrv.lenses.phrases import core
from memsrv.lenses.wording import counted, length

WEIGHTS = Path(__file__).with_name("weights.json")
#: A file that is pointed at is what the task is about.
_AT_HAND = re.compile(r"(?<!\S)@[\w.~-]*[/.]")
#: Longer ones tell, discuss or describe; rules are short.
_MAX_WORDS = 30
#: A long message is about its task: what each doubling of its sentences takes away.
_DOUBLED = 1.0
_WORDS = 5.0  # what all the words of a sentence add up to, as one vector, against a mark's 1


@dataclass(frozen=True, slots=True)
class Weights:
    worth: Mapping[str, float]
    bias: float
    enough: float  # what a sentence must reach
    digest: str  # of all that they were fitted on


@cache
def fitted() -> Weights:
    return Weights(**json.loads(WEIGHTS.read_text()))


def features(sentence: str) -> dict[str, float]:
    """All that is weighed in a sentence, and how much of it there is."""
    told = counted(sentence)
    share = _WORDS / math.sqrt(len(told) or 1)
    bare = core(sentence)
    flags = {
        "?question": scope.is_question(sentence),
        "?passing": scope.is_passing(sentence),
        "?durable": scope.is_durable(sentence),
        "?lasting": scope.is_lasting(sentence),
        "?report": scope.is_report(bare),
    }
    whole = (length(sentence), *marks(bare), *(flag for flag, there in flags.items() if there))
    return dict.fromkeys(told, share) | dict.fromkeys(whole, 1.0)


def weight(sentence: str, *, of: int = 1) -> float:
    """What the sentence weighs, where its message has `of` sentences."""
    weights = fitted()
    total = sum(weights.worth.get(feature, 0.0) * much for feature, much in features(sentence).items())
    return weights.bias + total - _DOUBLED * math.log2(of)


def stands(sentence: str, *, of: int = 1) -> bool:
    """Whether the sentence weighs enough to be held for a standing rule."""
    if len(sentence.split()) > _MAX_WORDS or _AT_HAND.search(sentence):
        return False
    return weight(sentence, of=of) >= fitted().enough
