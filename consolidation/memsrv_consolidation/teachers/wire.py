"""What every teacher's server has in common: how it says no, and how much of an answer is read.

The HTTP client sends one request and follows nobody: a redirect would carry the key elsewhere, and cost twice.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from memsrv.errors import MemsrvError, TeacherRefused, TeacherSilent

if TYPE_CHECKING:
    import httpx2

#: The most that is read of one answer; 20 times what the longest that we ask for can be.
ANSWER_BYTES = 4 << 20

#: Answers by which a server says that it did not begin: too many requests (429), overloaded (529, the Anthropic API).
_BUSY = (429, 529)
#: Who asked, or for what, is wrong: asking again cannot help.
_WRONG = {
    401: "it does not accept the key",
    402: "it wants to be paid first",
    403: "it does not allow this",
    404: "it does not know the model, or the URL is wrong",
}
#: It began, perhaps: time-outs, and a request that was given up.
_PERHAPS_BEGUN = (408, 499)


def refusal(who: str, status: int, headers: Mapping[str, str]) -> MemsrvError:
    """What a `status` other than 200 means. What the server wrote beside it is not repeated: it may quote the key."""
    if status in _WRONG:
        return TeacherRefused(f"{who} answered {status}: {_WRONG[status]}", final=True)
    if status in _BUSY:
        return TeacherRefused(f"{who} answered {status}: it is busy", busy=True, retry_after_s=retry_after(headers))
    if 300 <= status < 400:
        return TeacherRefused(f"{who} answered {status}: it sends us elsewhere; set `teacher.url` to it", final=True)
    if 400 <= status < 500 and status not in _PERHAPS_BEGUN:
        return TeacherRefused(f"{who} answered {status}: it cannot read the request")
    return TeacherSilent(f"{who} answered {status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks us to wait; None where it does not say, or says nonsense."""
    said = headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def client(timeout_s: float) -> "httpx2.Client":
    """The HTTP client that the official clients are given."""
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: httpx2.SyncByteStream) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            read = 0
            for chunk in self._stream:
                read += len(chunk)
                if read > ANSWER_BYTES:
                    raise httpx2.ReadError(f"the answer is longer than {ANSWER_BYTES} bytes")
                yield chunk

        def close(self) -> None:
            self._stream.close()

    def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.ReadError("the answer is compressed, though we asked for it as it is")
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = Bounded(response.stream)

    return httpx2.Client(
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity"},  # a few compressed bytes can be gigabytes
        event_hooks={"response": [bound]},
    )


def broken(who: str, error: BaseException) -> MemsrvError:
    """What it means that no answer came: a server that was not reached did no work."""
    import httpx2

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return TeacherRefused(f"{who} cannot be reached ({type(cause).__name__})", busy=True)
        cause = cause.__cause__
    return TeacherSilent(f"{who} broke off ({type(error.__cause__ or error).__name__})")
