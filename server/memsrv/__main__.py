"""`memsrv` and `python -I -m memsrv`.

The status line takes a shortcut past every import of ours and others', and `memsrv serve` past the command line's.
"""

import sys


def main() -> int:
    if sys.argv[1:2] == ["statusline"] and "--help" not in sys.argv:
        from memsrv.statusline import main as statusline

        return statusline()
    if sys.argv[1:] == ["serve"]:
        from memsrv.errors import MemsrvError
        from memsrv.stdio import serve

        try:
            serve()
        except MemsrvError:
            pass  # before anything was served; the command line comes to the same end, and says it as it says all
        else:
            return 0
    from memsrv.cli import main as cli

    return cli()


if __name__ == "__main__":
    sys.exit(main())
