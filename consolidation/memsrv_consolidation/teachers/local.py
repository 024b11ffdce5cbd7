"""The user's own base model as a teacher: memsrv's endpoint on loopback, which the night has started. Nothing leaves.

A base of a few million parameters answers with nonsense; what it says is checked like anybody's, and costs no money.
"""

import httpx

from memsrv.errors import TeacherRefused, TeacherSilent
from memsrv_consolidation.teachers import Prompt, Said, wire
from memsrv_consolidation.teachers.openai import messages, read


class LocalTeacher:
    name = "local"
    passage_bytes = 2_000
    answer_tokens = 512

    def __init__(self, model: str, url: str, key: str | None, timeout_s: float) -> None:
        self.model = model
        self._url = f"{url}/v1/chat/completions"
        # A proxy has no business between us and loopback.
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, headers={"authorization": f"Bearer {key or ''}"})

    def say(self, prompt: Prompt) -> Said:
        asked = {"model": self.model, "messages": messages(prompt), "max_tokens": prompt.max_tokens}
        try:
            reply = self._http.post(self._url, json=asked)
        except httpx.ConnectError as error:
            raise TeacherRefused("the endpoint has ended; see `memsrv status`", final=True) from error
        except httpx.TransportError as error:
            raise TeacherSilent(f"the endpoint broke off ({type(error).__name__})") from error
        if reply.status_code == 503:
            raise TeacherRefused("the endpoint is still loading its model", busy=True, retry_after_s=2.0)
        if reply.status_code != 200:
            raise wire.refusal("the endpoint", reply.status_code, reply.headers)
        return read("the endpoint", reply.content)
