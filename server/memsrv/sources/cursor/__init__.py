"""Cursor: the editor's databases, the agents' transcripts, and the store of the command line agent.

One agent that keeps its sessions in four ways; an id names the same session in all of them, and it is told from where
it is told best: the store of the command line agent, the editor's database, a transcript as JSON, one as text.
"""

from memsrv.sources.cursor.agent import CursorAgent
from memsrv.sources.cursor.editor import CursorEditor
from memsrv.sources.cursor.texts import CursorTexts
from memsrv.sources.cursor.transcripts import CursorTranscripts

__all__ = ["CursorAgent", "CursorEditor", "CursorTexts", "CursorTranscripts"]
