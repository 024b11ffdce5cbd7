"""One way to train a file, behind one Protocol. Adding one = one file + one word in STRATEGIES."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from memsrv.errors import UsageError
from memsrv.records import Conversation
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.strategies import paper


class Strategy(Protocol):
    """Trains an adapter of `base` on `conversations` into `adapter`; resumes from `checkpoints`; tells its figures."""

    def train(
        self,
        conversations: Sequence[Conversation],
        recipe: Recipe,
        base: Path,
        *,
        adapter: Path,
        checkpoints: Path,
        seed: int,
        threads: int,
        begin: Callable[[int, int], None],
        count: Callable[[int, int], None],
        stopping: Callable[[], bool],
    ) -> dict[str, Any]: ...


STRATEGIES: dict[str, Strategy] = {"paper": paper}


def strategy(name: str) -> Strategy:
    """The strategy called `name`; UsageError lists the known ones."""
    try:
        return STRATEGIES[name]
    except KeyError as error:
        raise UsageError(f"no strategy `{name}`; known: {', '.join(STRATEGIES)}") from error
