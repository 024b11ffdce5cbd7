"""Texts cut to a size, as they stand in a brief."""

from memsrv.layout import one_line


def cut(text: str, size: int) -> str:
    """`text` on one line of at most `size` characters."""
    line = one_line(text)
    return line if len(line) <= size else line[: size - 1].rstrip() + "…"


def verbatim(text: str, size: int) -> str:
    """`text` with its lines; a long one without its middle."""
    plain = "\n  ".join(line.rstrip() for line in text.strip().splitlines())
    if len(plain) <= size:
        return plain
    return f"{plain[: size * 2 // 3]} […] {plain[-size // 3 + 6 :]}"
