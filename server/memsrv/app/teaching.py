"""Who is asked at once, for benches: a teacher, in this process, where what it costs counts like a night's; a base."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from memsrv.app.rooms import Rooms
from memsrv.errors import MissingExtra, UsageError
from memsrv.night.teaching import engaged, reachable
from memsrv.records import Message
from memsrv_adapters.base import TINY, resolve
from memsrv_consolidation.teachers import Prompt
from memsrv_consolidation.teachers import teacher as hired
from memsrv_consolidation.teachers.exchanges import Exchanges
from memsrv_consolidation.teachers.gateway import Gateway
from memsrv_consolidation.teachers.ledger import Ledger, Limits, Prices

if TYPE_CHECKING:
    from memsrv.bench.asking import Base

#: Tokens of a context that the tiny base reads well: it has met few that are longer.
_TINY_READS = 512


@dataclass(frozen=True, slots=True)
class Asked:
    """`ask` gets instructions, a text and how many tokens the answer may have; None is no answer."""

    ask: Callable[[str, str, int], str | None]
    passage_bytes: int
    answer_tokens: int


class Teaching(Rooms):
    def asked_base(self, name: str, window: int | None = None) -> "Base":
        """The base called `name`, to be asked in a process of its own."""
        from memsrv.bench.asking import Base

        if importlib.util.find_spec("torch") is None:
            raise MissingExtra("asking a base needs torch; run `pip install 'memsrv[serve]'`, or leave --base out")
        found = resolve(name, self.home.models)
        suits = window or (_TINY_READS if name == TINY else None)
        return Base(name, found.path, sys.executable, self.settings.cpu_threads, suits)

    @contextmanager
    def teacher(self, name: str, purpose: str) -> Iterator[Asked]:
        """The teacher called `name`, through its gateway: redacted, within today's budget, every call in the ledger."""
        engagement = engaged(self.home, self.settings, name)
        if engagement is None:
            raise UsageError("`rules` is no teacher; name one, or leave --teacher out")
        redactor = self.redactor  # the home is there from here on
        with (
            reachable(self.home, self.settings, engagement) as one,
            TemporaryDirectory(dir=self.home.root, prefix=".asked-") as folder,
        ):
            order = one.order
            limits = Limits(order.tokens_per_day, order.usd_per_day)
            prices = Prices(order.usd_per_million_input, order.usd_per_million_output)
            gateway = Gateway(
                hired(order, one.key),
                Ledger(Path(order.ledger), limits, prices),
                Exchanges(Path(folder) / "teacher.jsonl"),
                redactor,
                purpose,
                key=one.key,
                timeout_s=order.timeout_s,
            )

            def ask(instructions: str, text: str, most: int) -> str | None:
                return gateway.ask(Prompt(instructions, (Message("user", text),), most), purpose)

            yield Asked(ask, gateway.teacher.passage_bytes, gateway.teacher.answer_tokens)
