"""The one way out to a teacher: every prompt is redacted, looked up, paid for, sent, and written down.

It never fails a run: a question that gets no answer is None, and after a budget that is spent, a key that is refused or
two failures in a row nothing more is asked. No file of ours is open, and no lock held, while a teacher thinks.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from memsrv.errors import BudgetSpent, TeacherRefused, TeacherSilent
from memsrv.records import Message
from memsrv.redact import Redactor
from memsrv_consolidation.run import Run
from memsrv_consolidation.teachers import Prompt, Said, Teacher, teacher
from memsrv_consolidation.teachers.exchanges import Exchanges
from memsrv_consolidation.teachers.ledger import Call, Ledger, Limits, Prices

#: How often one prompt is sent at most, each time with a reservation of its own.
ATTEMPTS = 3
#: Of these, how many may end without anybody knowing how: each of them stays paid for.
UNKNOWN_ENDS = 2
#: Seconds before the second attempt; each further one waits twice as long.
PAUSE_S = 1.0
#: A server that wants to be left alone for longer than this is left alone for this run.
LONGEST_PAUSE_S = 60.0
#: Prompts in a row that may stay without an answer.
FAILURES = 2

#: A shorter string is no secret: "none" and the like, for servers that ask for a key and do not look at it.
_LEAST_KEY = 8


class Gateway:
    """`wait` pauses for so many seconds."""

    def __init__(
        self,
        teacher: Teacher,
        ledger: Ledger,
        exchanges: Exchanges,
        redactor: Redactor,
        run: str,
        *,
        key: str | None = None,
        timeout_s: float,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.teacher = teacher
        self.stopped: str | None = None
        self.counts: Counter[str] = Counter()
        self._ledger = ledger
        self._exchanges = exchanges
        self._redactor = redactor
        self._run = run
        self._key = key if key and len(key) >= _LEAST_KEY else None
        self._timeout_s = timeout_s
        self._wait = wait
        self._failures = 0

    def ask(self, prompt: Prompt, purpose: str) -> str | None:
        """The answer, or None: then the rules do it alone."""
        prompt = self._clean(replace(prompt, max_tokens=min(prompt.max_tokens, self.teacher.answer_tokens)))
        call = Call(self.teacher.name, self.teacher.model, purpose, self._run)
        digest = prompt.digest(call.teacher, call.model)
        known = self._exchanges.reply(digest, call, prompt)
        if known is not None:
            return known
        if self.stopped:
            return None
        try:
            said = self._answered(prompt, call, digest)
        except BudgetSpent as error:
            self._stop(call, str(error))
            return None
        self._failures = 0 if said else self._failures + 1
        if self._failures == FAILURES and not self.stopped:
            self._stop(call, f"{call.teacher} gave no answer {FAILURES} times in a row")
        return said.text if said else None

    def counted(self) -> Counter[str]:
        """What was counted since this was asked last."""
        counted, self.counts = self.counts, Counter()
        return counted

    def _answered(self, prompt: Prompt, call: Call, digest: str) -> Said | None:
        unknown = 0
        for attempt in range(ATTEMPTS):
            paid = self._ledger.reserve(call, prompt.worst)
            self._exchanges.sent(digest, call, prompt)
            began = time.monotonic()
            pause = PAUSE_S * 2**attempt
            try:
                said = within(self._timeout_s, lambda: self.teacher.say(prompt))
            except TeacherRefused as error:
                self._ledger.release(paid)
                self._exchanges.failed(digest, call, str(error))
                pause = max(pause, error.retry_after_s or 0.0)
                if error.final or pause > LONGEST_PAUSE_S:
                    self._stop(call, str(error))
                if self.stopped or not error.busy:
                    return None
            except TeacherSilent as error:
                self._exchanges.failed(digest, call, str(error))
                unknown += 1
                if unknown == UNKNOWN_ENDS:
                    return None
            else:
                return self._received(said, call, digest, paid, time.monotonic() - began)
            if attempt < ATTEMPTS - 1:
                self._wait(pause)
        return None

    def _received(self, said: Said, call: Call, digest: str, paid: str, seconds: float) -> Said:
        said = replace(said, text=self._without_secrets(said.text))
        # Written down first: killed between the two lines, the reply is kept, and the call is counted too dear.
        self._exchanges.said(digest, call, said, seconds)
        if said.usage is not None and self._ledger.settle(paid, said.usage):
            self._stop(call, f"{call.teacher} claimed more than the call could have cost; see `memsrv cost`")
        return said

    def _stop(self, call: Call, reason: str) -> None:
        self.stopped = reason
        self._exchanges.stopped(call, reason)

    def _clean(self, prompt: Prompt) -> Prompt:
        """Gate 2: what leaves the machine holds placeholders in place of secrets."""
        return replace(
            prompt,
            system=self._without_secrets(prompt.system),
            messages=tuple(Message(m.role, self._without_secrets(m.content)) for m in prompt.messages),
        )

    def _without_secrets(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode()  # half a character, as logs have them, cannot be sent
        if self._key:  # a server may quote it
            text = text.replace(self._key, "[redacted:teacher-key]")
        clean, count = self._redactor.redact(text)
        self.counts["teacher_redacted"] += count
        return clean


def within(seconds: float, ask: Callable[[], Said]) -> Said:
    """What `ask` gives, if it takes no longer than `seconds` in all: a server may send a byte a minute for ever."""
    ended: queue.Queue[Said | BaseException] = queue.Queue()

    def work() -> None:
        try:
            ended.put(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            ended.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        found = ended.get(timeout=seconds)
    except queue.Empty as error:
        raise TeacherSilent(f"no answer within {seconds:g} seconds") from error
    if isinstance(found, BaseException):
        raise found
    return found


def opened(run: Run, key: str | None, redactor: Redactor, wait: Callable[[float], None] = time.sleep) -> Gateway | None:
    """The gateway to the teacher that `run` orders; None where rules work alone."""
    order = run.order.teacher
    if order is None or order.lacks:
        return None
    limits = Limits(order.tokens_per_day, order.usd_per_day)
    prices = Prices(order.usd_per_million_input, order.usd_per_million_output)
    return Gateway(
        teacher(order, key),
        Ledger(Path(order.ledger), limits, prices),
        Exchanges(run.teacher_file, [Path(file) for file in order.earlier]),
        redactor,
        run.order.id,
        key=key,
        timeout_s=order.timeout_s,
        wait=wait,
    )
