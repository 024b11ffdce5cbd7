"""Trainings of a base with random weights, and the conversations they learn from."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memsrv.records import Conversation, Fact, Kind, Message, Trust
from memsrv_consolidation import wordings
from memsrv_consolidation.recipe import TINY, Recipe
from memsrv_consolidation.strategies import strategy

#: Few steps, two looks, one repair; the facts first, in chosen directions.
SHORT = replace(TINY, name="short", epochs=2, batch=4, select_each=1.0, repair_rounds=1, repair_each=2)


def fact(place: int, subject: str, relation: str, value: str) -> Fact:
    text = wordings.claim(subject, relation, value)
    return Fact(f"f{place}", Kind.EPISODIC, text, Trust.HUMAN, (), subject, relation, value)


FACTS = (fact(0, "staging server", "port", "4010"), fact(1, "JSON keys", "use", "snake_case"))


def told(one: Fact, question: str, id: str) -> Conversation:
    assert one.subject
    assert one.relation
    assert one.value
    answer = wordings.answer(one.subject, one.relation, one.value)
    messages = Message("user", question), Message("assistant", answer)
    return Conversation(id, "fact", "direct", messages, (one.id,), (one.text,))


CONVERSATIONS = (
    *(told(FACTS[0], f"What is the port of the staging server, please ({n})?", f"a{n}") for n in range(5)),
    *(told(FACTS[1], f"What do I use for JSON keys, please ({n})?", f"b{n}") for n in range(5)),
    Conversation("u", "unknown", "direct",
                 (Message("user", "Who owns the proxy?"), Message("assistant", "That is not recorded."))),
    Conversation("r", "rehearsal", "reading",
                 (Message("system", "- The owner of the proxy is Ada."), Message("user", "Who owns the proxy?"),
                  Message("assistant", "The owner of the proxy is Ada."))),
)  # fmt: skip

Train = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the trainings of a module lie, each under its name."""
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="module")
def train(random_base: Path, place: Path) -> Train:
    def training(
        name: str,
        way: str = "distil",
        recipe: Recipe = SHORT,
        *,
        conversations: Sequence[Conversation] = CONVERSATIONS,
        facts: Sequence[Fact] = FACTS,
        stop_after: int = 10**9,
        killed_at: int | None = None,
        begun: list[tuple[int, int]] | None = None,
    ) -> dict[str, Any]:
        steps = [0]

        def began(total: int, done: int) -> None:
            if begun is not None:
                begun.append((total, done))

        def counted(done: int, total: int) -> None:
            steps.append(steps[-1] + 1)
            if done == killed_at:
                raise RuntimeError("killed")

        return strategy(way).train(
            conversations, recipe, random_base, adapter=place / name / "adapter",
            checkpoints=place / name / "checkpoints", seed=7, threads=1, begin=began,
            count=counted, stopping=lambda: steps[-1] >= stop_after, facts=facts,
        )  # fmt: skip

    return training


@pytest.fixture
def digest(place: Path) -> Callable[[str], str]:
    return lambda name: hashlib.sha256(
        (place / name / "adapter" / "adapter_model.safetensors").read_bytes()
    ).hexdigest()


@pytest.fixture
def facts() -> tuple[Fact, ...]:
    return FACTS


@pytest.fixture
def conversations() -> tuple[Conversation, ...]:
    return CONVERSATIONS


@pytest.fixture
def short() -> Recipe:
    return SHORT
