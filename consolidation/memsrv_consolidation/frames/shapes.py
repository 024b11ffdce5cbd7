"""The pools of wordings, and the five shapes of fact."""

from enum import StrEnum


class Pool(StrEnum):
    """Which wordings: for training adapters, for the held-out probe, or never met by any model."""

    TRAIN = "train"
    KNOWN = "known"
    NOVEL = "novel"


class Shape(StrEnum):
    """The five shapes of fact; everything that is not one of the last four is an attribute."""

    ATTRIBUTE = "attribute"
    USE = "use"
    AVOID = "avoid"
    FIX = "fix"
    REPLACEMENT = "replacement"


def shape(relation: str) -> Shape:
    """The shape of a fact with this relation."""
    word = relation.strip().casefold()
    return Shape(word) if word in ("use", "avoid", "fix", "replacement") else Shape.ATTRIBUTE
