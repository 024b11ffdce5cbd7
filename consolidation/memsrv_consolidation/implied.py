"""Relations that a log states without their noun: "Priya looks after the uploader" says who its owner is.

A short closed list, each borne out by the form of the value or by a verb beside it; all else must be said. No model.
"""

import re
from collections.abc import Sequence

#: Forms of a value that say what it is, whatever stands around it.
_FORMS = {
    "url": r"[a-z][a-z0-9+.-]*://\S+",
    "bucket": r"(?:s3|gs|r2)://\S+",
    "path": r"(?:\.{0,2}/|~/)?[\w.@-]+(?:/[\w.@*-]+)+/?",
    "file": r"(?:[\w.@/-]+/)?[\w-]+\.[a-z]{1,5}",
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "time": r"(?:[01]?\d|2[0-3]):[0-5]\d(?:\s?(?:UTC|GMT|CET|CEST|am|pm))?",
}
_SAME = {"address": "url", "endpoint": "url", "link": "url", "location": "path", "folder": "path", "directory": "path"}
_TENDS = r"(?:owns|maintains|looks after|takes care of|is in charge of|is responsible for|signs off)"


def implied(subject: str, relation: str, value: str, quotes: Sequence[str]) -> bool:
    """Whether `quotes`, which hold subject and value, mean `relation` though none names it."""
    form = _FORMS.get(_SAME.get(relation, relation))
    if form is not None:
        return re.fullmatch(form, value.strip("`"), re.IGNORECASE) is not None
    said = "\n".join(quotes)
    word = re.escape(value)
    if relation in ("owner", "maintainer"):
        thing = re.escape(re.sub(r"(?i)^(?:the|our)\s+", "", subject))
        return re.search(rf"(?i)\b{word}(?:\s+now)?\s+{_TENDS}\s[^.;!?\n]*\b{thing}\b", said) is not None
    if relation == "port":
        return re.fullmatch(r"\d{2,5}", value) is not None and re.search(rf"[\w\]]:{word}\b", said) is not None
    if relation == "version":
        thing = re.escape(subject)
        return (
            re.fullmatch(r"v?\d[\w.]*", value) is not None and re.search(rf"(?i)\b{thing} {word}\b", said) is not None
        )
    return relation.endswith("command") and " " in value and f"`{value.strip('`')}`" in said
