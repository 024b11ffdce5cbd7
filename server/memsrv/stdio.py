"""`memsrv serve`: MCP over stdio, where the host has its list of tools before what they stand on is loaded.

Every editor window starts one of these and waits for that list, and loading the store, the sources and the night takes
as long again as the protocol itself. So the verbs are opened when one is asked for, or right after the list was given.
"""

import os
import threading
from typing import Any

from memsrv import mcp
from memsrv.environment import open_home
from memsrv.errors import MemsrvError
from memsrv.home import Home
from memsrv.settings import Settings, load

#: After the list was answered, so that what is loaded then does not hold back the answer itself.
_BREATH_S = 0.05
#: A host that lists nothing still gets its logs watched.
_PATIENCE_S = 2.0


def serve() -> None:
    """Until the host ends it. UsageError, at once, where the settings cannot be read."""
    os.umask(0o077)  # what memsrv writes is its user's alone, from the first byte on
    home = open_home()
    verbs = Opening(home, load(home))
    _after(_PATIENCE_S, verbs.open)
    mcp.serve(verbs, listed=lambda: _after(_BREATH_S, verbs.open))


class Opening:
    """The verbs of a home, opened once, by whoever needs them first."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home, self._settings = home, settings
        self._one_at_a_time = threading.Lock()
        self._app: Any = None

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._opened(), verb)

    def open(self) -> None:
        """Also begins to watch. What keeps it from opening is told on stderr, and to whoever calls a verb."""
        try:
            self._opened()
        except MemsrvError as error:
            from memsrv import terminal

            terminal.complain(error)

    def _opened(self) -> Any:
        with self._one_at_a_time:
            if self._app is None:
                from memsrv import logs
                from memsrv.app import open_app

                logs.start(self._home, "serve", self._settings)
                app = open_app(self._home, self._settings)
                app.start_watching()
                self._app = app
            return self._app


def _after(seconds: float, act: Any) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
