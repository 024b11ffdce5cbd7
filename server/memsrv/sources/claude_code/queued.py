"""Prompts that were typed while Claude Code worked: most come again as a record of their own, some are taken back.

Knows the queue's operations only. One that was taken back is the human's words all the same, unless they come again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from memsrv.sources.fields import content_text, plain


class Queue:
    def __init__(self, state: Mapping[str, Any]) -> None:
        self._waiting: list[str] = list(state.get("waiting", []))
        self._taken_back: list[str] = list(state.get("taken_back", []))

    @property
    def state(self) -> dict[str, Any]:
        return {"waiting": self._waiting[-64:], "taken_back": self._taken_back[-64:]}

    def operate(self, operation: Any, content: Any) -> None:
        text = plain(content_text(content)).strip()
        if operation == "enqueue" and text:
            self._waiting.append(text)
        elif operation == "dequeue" and self._waiting:
            self._waiting.pop(0)
        elif operation == "popAll":
            self._waiting = []  # back into the input line, to be sent again
        elif operation == "remove" and (text or self._waiting):
            text = text or self._waiting[0]
            if text in self._waiting:
                self._waiting.remove(text)
            self._taken_back.append(text)

    def said(self, text: str) -> Sequence[str]:
        """What was taken back before the human said `text`, and is not said with it."""
        found, self._taken_back = [other for other in self._taken_back if other != text.strip()], []
        return found
