"""The verbs of watching: beside a server, for as long as its process lives, or alone, until a person ends it."""

import atexit
from collections.abc import Callable

from memsrv.app.remembering import Remembering
from memsrv.watch import Watch, WatchStanding, standing


class Watching(Remembering):
    def start_watching(self) -> None:
        """Watch in the background whenever no other process of this home does. Returns at once.

        Its database connection is its own, so that no tool waits for a log that is being read.
        """
        watch = Watch(self.home, type(self)(self.home, self.settings, self.cwd))
        atexit.register(watch.stop)
        watch.start()
        self.embed_beside()

    def watch(self, tell: Callable[[str], None]) -> None:
        """Watch in the foreground until interrupted; `tell` gets a line for each thing that was done."""
        watch = Watch(self.home, type(self)(self.home, self.settings, self.cwd), always=True, tell=tell)
        watch.start()
        try:
            watch.wait()
        finally:
            watch.stop()

    def watching(self) -> WatchStanding:
        """Who watches, and how it goes."""
        return standing(self.home)
