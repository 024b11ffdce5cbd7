"""The endpoint as a process that has memory: `python -I -m memsrv.endpoint HOME_ROOT`, which its client starts.

Here alone the two meet: the endpoint is given recall as an argument, and knows no store; the store knows no model.
"""

import sys

from memsrv.app import open_app
from memsrv.home import Home
from memsrv.settings import load
from memsrv_adapters.recall import Recall
from memsrv_adapters.serve import main


def recall_of(home: Home) -> Recall:
    """What stands before a question, from the store of `home`; nothing is opened before it is asked for."""
    return open_app(home, load(home), cwd=home.root).before


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], recall_of))
