"""One way to train a file, behind one Protocol. Adding one = one file + one word in STRATEGIES."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from memsrv.errors import UsageError
from memsrv.records import Conversation, Fact
from memsrv_consolidation.placement import Placement
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.strategies import distil, paper


class Strategy(Protocol):
    """Trains an adapter of `base` on `conversations` into `adapter`; resumes from `checkpoints`; tells its figures.

    `facts` are what the conversations are about, for a strategy that looks at how well they are learned. It begins with
    the weights of the adapter `parent`, where one is given, else with fresh ones. `placed` says how the base stands on
    the machine; alone on one device where it is not given. Of several processes (`launch`) each is called so.
    """

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
        facts: Sequence[Fact] = (),
        parent: Path | None = None,
        placed: Placement | None = None,
    ) -> dict[str, Any]: ...


STRATEGIES: dict[str, Strategy] = {"paper": paper, "distil": distil}


def strategy(name: str) -> Strategy:
    """The strategy called `name`; UsageError lists the known ones."""
    try:
        return STRATEGIES[name]
    except KeyError as error:
        raise UsageError(f"no strategy `{name}`; known: {', '.join(STRATEGIES)}") from error
