"""Log files on disk: which there are, whether one is still what it was, and its lines in batches.

Splits bytes on `\\n` only, whatever a line's length. Knows nothing of what lines mean or where they are stored.
"""

from memsrv.logfiles.finding import Found, find
from memsrv.logfiles.identity import FileIdentity, checksum, identify, is_same, is_untouched, pieces, tail
from memsrv.logfiles.lines import BATCH_BYTES, Batch, TooLong, batches
from memsrv.logfiles.packed import logical, open_log, siblings, size_of

__all__ = [
    "BATCH_BYTES",
    "Batch",
    "FileIdentity",
    "Found",
    "TooLong",
    "batches",
    "checksum",
    "find",
    "identify",
    "is_same",
    "is_untouched",
    "logical",
    "open_log",
    "pieces",
    "siblings",
    "size_of",
    "tail",
]
