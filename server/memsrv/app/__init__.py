"""The composition root: a verb for each command and tool, a page for each of their groups.

The CLI and MCP call these verbs and nothing else; here alone (and in `night`) the shelf is touched. A verb gives a
record whose JSON form is design §8's shape, or raises a `MemsrvError`.
"""

from collections.abc import Callable
from pathlib import Path

from memsrv.address import Address
from memsrv.app.ageing import Ageing
from memsrv.app.benching import Benching
from memsrv.app.examining import Examining
from memsrv.app.forgetting import Forgetting
from memsrv.app.housekeeping import Housekeeping
from memsrv.app.opening import Opening
from memsrv.app.reporting import Reporting
from memsrv.app.retaining import Retaining
from memsrv.app.revising import Revising
from memsrv.app.rooms import EVERY
from memsrv.app.serving import Serving
from memsrv.app.spending import Costing
from memsrv.backup import complete
from memsrv.home import Home
from memsrv.settings import Settings, load

__all__ = ["EVERY", "App", "open_app"]


class App(
    Ageing, Benching, Retaining, Reporting, Examining, Opening, Serving, Forgetting, Revising, Housekeeping, Costing
):
    """Every verb of one home, seen from one working folder."""

    def serve_http(self, *, port: int | None, announce: Callable[[Address, Path], None]) -> None:
        """MCP over HTTP, until it is ended; `announce` gets its address and the token's file."""
        from memsrv.mcp import http

        def begin(at: Address) -> None:
            self.start_watching()
            announce(at, self.home.token)

        http.serve(self, self.home, port=self.settings.mcp_port if port is None else port, announce=begin)


def open_app(home: Home, settings: Settings, cwd: Path | None = None) -> App:
    if complete(home):
        settings = load(home)
    return App(home, settings, cwd or Path.cwd())
