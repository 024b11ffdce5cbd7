"""A number with its noun, as people write it: "1 session", "3 memories"."""

import re


def counted(count: int, one: str, many: str | None = None) -> str:
    """`count` of what is called `one`, or `many`: given where more than an ending differs ("log was", "logs were")."""
    return f"{count} {one if count == 1 else many or _many(one)}"


def _many(one: str) -> str:
    return f"{one[:-1]}ies" if re.search(r"[^aeiou]y$", one) else f"{one}s"
