"""`python -I -m memsrv_adapters HOME_ROOT`: the endpoint without the store's memory (see `serve.py`)."""

import sys

from memsrv_adapters.serve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
