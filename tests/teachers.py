"""A teacher on loopback: a real HTTP server that speaks the Anthropic Messages API and OpenAI's chat completions.

What it answers is a function of what it was asked; `Well` is one that does its work, the others are what can go wrong.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4f9d1c7be2a84035-never-written-anywhere"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return str(self.body.get("system") or self.body["messages"][0]["content"])

    @property
    def text(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def most(self) -> int:
        return int(self.body.get("max_tokens") or self.body["max_completion_tokens"])

    @property
    def worst(self) -> int:
        """The most tokens that this request can cost: a byte is at least a token, and so is all that was allowed."""
        return len(json.dumps(self.body, ensure_ascii=False).encode()) + 700 + self.most

    @property
    def lens(self) -> str:
        """Which pass asks: procedural, semantic, episodic; "synthesise" for none."""
        found = re.search(r"Look for (\w+)", self.system)
        return {"lessons": "procedural", "lasting": "semantic", "what": "episodic"}[found[1]] if found else "synthesise"

    @property
    def log(self) -> dict[int, str]:
        """The turns of the passage."""
        return {int(n): said for n, said in re.findall(r"^\[(\d+)\] [\w, ()-]+?: (.*)$", self.text, re.MULTILINE)}


@dataclass(frozen=True)
class Says:
    """An answer in the words of the API that was asked."""

    text: str = ""
    input: int | None = None  # tokens; None: what a tokenizer would count
    output: int | None = None


@dataclass(frozen=True)
class Sends:
    """Anything else: a status, headers and bytes. `claims` is the length that the headers promise."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: int | None = None


class Stalls:
    """Never answers; with `drips`, a byte at a time, for ever."""

    def __init__(self, drips: bool = False) -> None:
        self.drips = drips


Answer = Says | Sends | Stalls
Brain = Callable[[Asked], Answer]


class TeacherServer:
    """Listens until it is closed. `asked` are the requests so far."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """For `teacher.url` of anthropic; openai's ends in /v1."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.path, headers, body)
                server.asked.append(asked)
                answer = server.brain(asked)
                if isinstance(answer, Stalls):
                    self._stall(answer)
                    return
                sends = answer if isinstance(answer, Sends) else in_words_of(asked, answer)
                self.send_response(sends.status)
                for name, value in {"content-type": "application/json", **sends.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(sends.body) if sends.claims is None else sends.claims))
                self.end_headers()
                self.wfile.write(sends.body)
                self.close_connection = True

            def _stall(self, answer: Stalls) -> None:
                if answer.drips:
                    self.send_response(200)
                    self.end_headers()
                while not server.closing.wait(0.01):
                    if answer.drips:
                        try:
                            self.wfile.write(b" ")
                        except OSError:
                            return

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def in_words_of(asked: Asked, says: Says) -> Sends:
    """`says` as the API that was asked says it; JSON for a tool goes into the tool."""
    read = len(json.dumps(asked.body)) // 4 if says.input is None else says.input
    wrote = min(asked.most, len(says.text) // 4 + 1) if says.output is None else says.output
    if asked.path.endswith("/messages"):
        content: list[dict[str, Any]] = [{"type": "text", "text": says.text}] if says.text else []
        if asked.body.get("tools"):
            try:
                given = json.loads(says.text)
            except (ValueError, RecursionError):
                given = None
            if isinstance(given, dict):
                content = [{"type": "tool_use", "id": "t1", "name": "answer", "input": given}]
        message = {
            "id": "m1", "type": "message", "role": "assistant", "model": asked.body["model"], "content": content,
            "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": read, "output_tokens": wrote},
        }  # fmt: skip
    else:
        words = {"role": "assistant", "content": says.text or None}
        message = {
            "id": "c1", "object": "chat.completion", "created": 1, "model": asked.body["model"],
            "choices": [{"index": 0, "message": words, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote},
        }  # fmt: skip
    return Sends(200, json.dumps(message).encode())


def facts(*found: Mapping[str, Any]) -> Says:
    return Says(json.dumps({"facts": list(found)}))


def fact(turn: int, quote: str, subject: str = "", relation: str = "", value: str = "") -> dict[str, Any]:
    return {
        "evidence": [{"turn": turn, "quote": quote}],
        **({"subject": subject, "relation": relation, "value": value} if subject else {}),
    }


def well(asked: Asked) -> Answer:
    """Does its work: finds owners ("Priya is the owner of the uploader"), and words the conversations asked for."""
    if asked.lens == "synthesise":
        return Says(json.dumps({"conversations": worded(asked)}))
    if asked.lens != "episodic":
        return facts()
    found = []
    for turn, said in asked.log.items():
        for name, relation, subject in re.findall(r"(\w+) is the (\w+) of (the \w+)", said):
            found.append(fact(turn, said, subject, relation, name))
    return facts(*found)


def worded(asked: Asked) -> list[dict[str, str]]:
    """The conversations that are asked for, each question with a politeness of its own."""
    told = dict(re.findall(r"^(The fact|subject|relation): (.*)$", asked.text, re.MULTILINE))
    polite = ("please", "kindly", "now", "briefly", "once more", "in short", "at once", "shortly", "quickly", "plainly")
    wanted = re.findall(r"(\d+) (direct|recall|how-to|scenario|negation|task)", asked.text)
    about = told["subject"]
    if told["relation"] not in ("use", "avoid", "fix", "replacement"):
        about += f" and its {told['relation']}"
    made = []
    for number, style in wanted:
        for place in range(int(number)):
            how = f"{polite[place % 10]}{' again' if place >= 10 else ''}"
            question = f"Talk to me about {about} as a {style} matter, {how}."
            made.append({"style": style, "question": question, "answer": f"Sure. {told['The fact']}"})
    return made
