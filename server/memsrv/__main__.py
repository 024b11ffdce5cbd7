"""`memsrv` and `python -I -m memsrv`. The status line takes a shortcut past every import of ours and others'."""

import sys


def main() -> int:
    if sys.argv[1:2] == ["statusline"] and "--help" not in sys.argv:
        from memsrv.statusline import main as statusline

        return statusline()
    from memsrv.cli import main as cli

    return cli()


if __name__ == "__main__":
    sys.exit(main())
