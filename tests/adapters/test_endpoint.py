import itertools
import json
import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from memsrv.guard import BODY_LIMIT, Guard
from memsrv.records import Message
from memsrv_adapters.base import Base, resolve
from memsrv_adapters.endpoint.app import AT_ONCE
from memsrv_adapters.endpoint.roster import KEPT_LOADED, Roster
from memsrv_adapters.engines import Sampling
from memsrv_adapters.engines.local import LocalEngine

ASK: list[Any] = [{"role": "user", "content": "What is the port of the gateway?"}]


@pytest.fixture(scope="module")
def engine(base: Base) -> LocalEngine:
    return LocalEngine(base, threads=1)


def roster(stored: Any, engine: Any, closed: Collection[str] = ()) -> Roster:
    return Roster(
        stored.shelf,
        default_base=str(stored.base.path),
        resolve=resolve,
        engine_of=lambda _: engine,
        closed=lambda: closed,
    )


def client(running: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{running.url}/v1", api_key=running.token, max_retries=0)


def said(chunks: Any) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


# The official client, a real model


def test_the_official_client_gets_an_answer_that_names_its_version(
    serve: Any, stored: Any, engine: LocalEngine
) -> None:
    stored.live("named")
    with serve(roster(stored, engine)) as running:
        raw = client(running).chat.completions.with_raw_response.create(
            model="memsrv/named", messages=ASK, max_tokens=12
        )

    answer = raw.parse()
    assert answer.model == "memsrv/named@v1"
    assert raw.headers["x-memsrv-adapter"] == "named@v1"
    assert raw.headers["x-request-id"].startswith("req_")
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12


def test_a_stream_says_what_the_whole_answer_says(serve: Any, stored: Any, engine: LocalEngine) -> None:
    stored.live("streams")
    with serve(roster(stored, engine)) as running:
        ask = client(running).chat.completions
        whole = ask.create(model="memsrv/streams", messages=ASK, max_tokens=20)
        chunks = list(
            ask.create(
                model="memsrv/streams",
                messages=ASK,
                max_tokens=20,
                stream=True,
                stream_options={"include_usage": True},
            )
        )

    assert said(chunks) == whole.choices[0].message.content
    assert {c.model for c in chunks} == {"memsrv/streams@v1"}
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "length"
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert all(c.usage is None for c in chunks[:-1])


def test_many_questions_at_once_each_get_the_version_they_named(serve: Any, stored: Any, engine: LocalEngine) -> None:
    for seed in (1, 2, 3):
        stored.put("crowd", seed)
    names = ["memsrv/base", *(f"memsrv/crowd@v{n}" for n in (1, 2, 3))]
    with serve(roster(stored, engine)) as running:
        ask = client(running).chat.completions

        def answer(name: str) -> str | None:
            reply = ask.create(model=name, messages=ASK, max_tokens=16)
            assert reply.model == name
            return reply.choices[0].message.content

        alone = {name: answer(name) for name in names}
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(answer, names * 4))

    assert len(set(alone.values())) == 4
    assert together == [alone[name] for name in names * 4]


def test_a_promotion_is_followed_by_the_next_question_and_a_rollback_too(
    serve: Any, stored: Any, engine: LocalEngine
) -> None:
    stored.live("follows", seed=1)
    with serve(roster(stored, engine)) as running:

        def answered_by(name: str = "memsrv/follows") -> str:
            return client(running).chat.completions.create(model=name, messages=ASK, max_tokens=2).model

        assert answered_by() == "memsrv/follows@v1"

        stored.live("follows", seed=2)
        assert answered_by("memsrv/follows:latest") == "memsrv/follows@v2"
        assert answered_by("memsrv/follows:previous") == "memsrv/follows@v1"

        stored.shelf.rollback("follows")
        assert answered_by() == "memsrv/follows@v1"


def test_what_was_erased_is_answered_by_nobody_and_leaves_memory(serve: Any, stored: Any, engine: LocalEngine) -> None:
    clean = stored.live("erased", seed=1)
    gone = stored.live("erased", seed=2)
    with serve(roster(stored, engine)) as running:

        def answered_by(name: str = "memsrv/erased") -> str:
            return client(running).chat.completions.create(model=name, messages=ASK, max_tokens=2).model

        assert answered_by() == gone.model
        stored.shelf.taint("erased", gone.version, "it was trained on something that was erased")
        stored.shelf.remove("erased", gone.version)

        assert answered_by() == clean.model
        with pytest.raises(openai.NotFoundError):
            answered_by(gone.model)
        assert gone.label not in engine.loaded()


def test_the_models_that_can_be_asked_are_listed(serve: Any, stored: Any, engine: LocalEngine) -> None:
    stored.live("listed", seed=1)
    stored.put("listed", seed=2)
    with serve(roster(stored, engine)) as running:
        models = client(running).models
        names = {model.id for model in models.list()}
        one = models.retrieve("memsrv/listed@v1")

    assert names == {
        "memsrv/base",
        "memsrv/listed",
        "memsrv/listed:latest",
        "memsrv/listed@v1",
        "memsrv/listed@v2",
    }
    assert one.created == 1763607600 + 365 * 86400  # 2026-11-20T03:00:00Z


def test_a_damaged_version_hides_no_other(serve: Any, stored: Any, engine: LocalEngine) -> None:
    stored.live("half", seed=1)
    (stored.put("half", seed=2).path / "manifest.json").write_text("{")
    with serve(roster(stored, engine)) as running:
        names = {model.id for model in client(running).models.list()}

    assert "memsrv/half@v1" in names
    assert "memsrv/half@v2" not in names


def test_a_project_that_may_not_be_given_back_is_not_listed_and_answers_nobody(
    serve: Any, stored: Any, engine: LocalEngine
) -> None:
    stored.live("diary")
    closed = {"diary"}
    with serve(roster(stored, engine, closed)) as running:
        listed = [model.id for model in client(running).models.list()]
        refused = []
        for name in ("memsrv/diary", "memsrv/diary@v1", "memsrv/diary:latest"):
            with pytest.raises(openai.PermissionDeniedError, match=r"projects\.diary\.recall true") as error:
                client(running).chat.completions.create(model=name, messages=ASK)
            refused.append(error.value.code)
        closed.clear()
        again = client(running).chat.completions.create(model="memsrv/diary", messages=ASK, max_tokens=1)

    assert [name for name in listed if "diary" in name] == []
    assert refused == ["not_allowed"] * 3
    assert again.model == "memsrv/diary@v1"


# Versions and leases


def test_a_question_under_way_finishes_on_the_version_it_started_on(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    engine = scripted("a", "b", "c")
    engine.gate.clear()
    stored.live(seed=1)
    with serve(roster(stored, engine)) as running:
        body = {"model": "memsrv/demo", "messages": ASK, "stream": True}
        with http.stream("POST", f"{running.url}/v1/chat/completions", json=body) as reply:
            lines = reply.iter_lines()
            first = next(line for line in lines if "content" in line and '"a"' in line)
            stored.live(seed=2)
            engine.gate.set()
            rest = [line for line in lines if line.startswith("data: {")]
        after = http.post(f"{running.url}/v1/chat/completions", json=body | {"stream": False})

    assert {json.loads(line[6:])["model"] for line in [first, *rest]} == {"memsrv/demo@v1"}
    assert after.json()["model"] == "memsrv/demo@v2"
    assert [label for _, label, _ in engine.asked] == ["demo@v1", "demo@v2"]


def test_versions_nobody_uses_are_unloaded_and_those_in_use_are_not(stored: Any, scripted: Any) -> None:
    engine = scripted()
    served = roster(stored, engine)
    stored.live(seed=1)
    for seed in range(2, 9):
        stored.put(seed=seed)
    with served.lease("memsrv/demo@v2"):
        for number in range(1, 9):
            with served.lease(f"memsrv/demo@v{number}"):
                pass
        assert {"demo@v1", "demo@v2", "demo@v8"} <= set(engine.loaded())
        assert len(engine.loaded()) <= KEPT_LOADED + 1
    with served.lease("memsrv/demo@v3") as lease:
        assert lease.label in engine.loaded()


def test_what_is_damaged_is_not_served_and_the_file_is_named(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    version = stored.live()
    (version.path / "adapter_model.safetensors").write_bytes(b"gone")
    with serve(roster(stored, scripted())) as running:
        reply = _ask(http, running)

    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "adapter_mismatch"
    assert "adapter_model.safetensors" in reply.json()["error"]["message"]


def test_a_tainted_version_is_not_served_by_any_name(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    stored.live()
    with serve(roster(stored, scripted())) as running:
        assert _ask(http, running, model="memsrv/demo@v1").status_code == 200
        stored.shelf.taint("demo", "v1", "a memory was erased")

        assert _ask(http, running, model="memsrv/demo@v1").status_code == 404
        assert _ask(http, running, model="memsrv/demo").status_code == 404
        assert [m["id"] for m in http.get(f"{running.url}/v1/models").json()["data"]] == ["memsrv/base"]


@pytest.mark.parametrize(
    "name",
    [
        "gpt-9",
        "memsrv/none",
        "memsrv/demo@v9",
        "memsrv/demo:candidate",
        "memsrv/demo:evil",
        "memsrv/../demo",
        "memsrv/demo@v1/../v1",
        "/etc/passwd",
        "",
        "memsrv/demo\n",
    ],
)
def test_an_unknown_model_is_not_found(serve: Any, stored: Any, scripted: Any, http: httpx.Client, name: str) -> None:
    stored.live()
    with serve(roster(stored, scripted())) as running, pytest.raises(openai.NotFoundError) as told:
        client(running).chat.completions.create(model=name, messages=ASK)

    assert told.value.code == "model_not_found"


# The wire


def test_every_field_that_counts_reaches_the_engine(serve: Any, stored: Any, scripted: Any, http: httpx.Client) -> None:
    engine = scripted()
    with serve(roster(stored, engine)) as running:
        reply = _ask(
            http,
            running,
            model="memsrv/base",
            messages=[
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "user", "content": "c", "name": "Ann"},
            ],
            max_completion_tokens=9,
            temperature=0.5,
            top_p=0.9,
            stop=["x", "y"],
            seed=4,
            n=1,
            store=False,
            metadata={"a": "b"},
            something_from_next_year={"x": [1]},
            tools=[],
        )

    assert reply.status_code == 200
    assert reply.headers["x-memsrv-adapter"] == "base"
    messages, label, sampling = engine.asked[0]
    assert [(m.role, m.content) for m in messages] == [
        ("system", "Be brief."),
        ("user", "ab"),
        ("assistant", ""),
        ("user", "c"),
    ]
    assert (label, sampling) == (None, Sampling(9, 0.5, 0.9, ("x", "y"), 4))


def test_an_answer_is_greedy_unless_asked_otherwise(serve: Any, stored: Any, scripted: Any, http: httpx.Client) -> None:
    engine = scripted()
    with serve(roster(stored, engine)) as running:
        _ask(http, running, model="memsrv/base")

    assert engine.asked == [((Message("user", ASK[0]["content"]),), None, Sampling())]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -0.5),
        ("logit_bias", {"5": 100}),
        ("response_format", {"type": "json_schema", "json_schema": {}}),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
        ("messages", [{"role": "tool", "content": "x", "tool_call_id": "y"}]),
    ],
)
def test_what_would_change_the_answer_and_cannot_be_honoured_is_refused(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client, field: str, value: Any
) -> None:
    engine = scripted()
    with serve(roster(stored, engine)) as running:
        reply = _ask(http, running, model="memsrv/base", **{field: value})

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "unsupported_parameter")
    assert error["param"].startswith(field)
    assert engine.asked == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"[" * 100_000, None),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "model"),
        (b'{"model": "memsrv/base", "messages": []}', "messages"),
        (b'{"model": "memsrv/base", "messages": [{"role": "user", "content": 3}]}', "messages.0.content"),
        (b'{"model": "memsrv/base", "messages": [{"role": "user"}], "max_tokens": 0}', "max_tokens"),
        (b'{"model": "memsrv/base", "messages": [{"role": "user"}], "temperature": 9}', "temperature"),
        (b'{"model": "memsrv/base", "messages": [{"role": "user"}], "stop": ["a","b","c","d","e"]}', "stop"),
    ],
)
def test_a_body_that_is_no_request_is_told_which_field(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client, body: bytes, param: str | None
) -> None:
    with serve(roster(stored, scripted())) as running:
        reply = http.post(
            f"{running.url}/v1/chat/completions", content=body, headers={"content-type": "application/json"}
        )

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_a_prompt_beyond_the_context_is_refused_by_its_name(serve: Any, stored: Any, engine: LocalEngine) -> None:
    with serve(roster(stored, engine)) as running, pytest.raises(openai.BadRequestError) as told:
        client(running).chat.completions.create(
            model="memsrv/base", messages=[{"role": "user", "content": "x" * 600}], stream=True
        )

    assert told.value.code == "context_length_exceeded"


def test_a_stream_that_breaks_tells_the_client(serve: Any, stored: Any, scripted: Any) -> None:
    engine = scripted("so far", RuntimeError("the card fell off"))
    with serve(roster(stored, engine)) as running:
        chunks = client(running).chat.completions.create(model="memsrv/base", messages=ASK, stream=True)
        got = []
        with pytest.raises(openai.APIError, match=r"endpoint\.log"):
            got.extend(c.choices[0].delta.content for c in chunks)
        again = client(running).models.list()

    assert running.pulse.under_way == 0
    assert [m.id for m in again] == ["memsrv/base"]


@pytest.mark.parametrize("stream", [True, False])
def test_whoever_hangs_up_ends_the_generation(serve: Any, stored: Any, scripted: Any, stream: bool) -> None:
    engine = scripted()
    engine.pieces = itertools.repeat("on and on ")
    engine.gate.clear()
    stored.live()
    with serve(roster(stored, engine)) as running:
        body = json.dumps({"model": "memsrv/demo", "messages": ASK, "stream": stream}).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{running.port}\r\n"
            f"authorization: Bearer {running.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        caller = socket.create_connection(("127.0.0.1", running.port))
        caller.sendall(head.encode() + body)
        assert engine.begun.wait(30)
        caller.close()
        engine.gate.set()

        assert engine.closed.wait(30)
    assert running.pulse.under_way == 0
    assert len(engine.versions) == 1


def test_a_long_silence_is_filled_with_comments(serve: Any, stored: Any, scripted: Any, http: httpx.Client) -> None:
    engine = scripted("a", "b")
    engine.gate.clear()
    with serve(roster(stored, engine), ping_seconds=0.01) as running:
        body = {"model": "memsrv/base", "messages": ASK, "stream": True}
        with http.stream("POST", f"{running.url}/v1/chat/completions", json=body) as reply:
            lines = reply.iter_lines()
            assert next(line for line in lines if line.startswith(":")) == ": ping"
            engine.gate.set()
            rest = list(lines)

    assert [line for line in rest if line][-1] == "data: [DONE]"


# The guard


def test_health_needs_no_token_and_says_nothing_else(serve: Any, stored: Any, scripted: Any) -> None:
    with serve(roster(stored, scripted())) as running:
        assert httpx.get(f"{running.url}/health", trust_env=False).json() == {"status": "ok"}
    with serve(roster(stored, scripted()), ready=False) as running:
        reply = httpx.get(f"{running.url}/health", trust_env=False)

    assert (reply.status_code, reply.json()) == (503, {"status": "warming"})


def test_a_question_during_the_warm_up_is_told_to_come_back(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    with serve(roster(stored, scripted()), ready=False) as running:
        reply = _ask(http, running, model="memsrv/base")

    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "warming")
    assert reply.headers["retry-after"]


def test_beyond_what_it_can_hold_the_endpoint_says_so(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    with serve(roster(stored, scripted())) as running:
        running.pulse.under_way = AT_ONCE
        reply = _ask(http, running, model="memsrv/base")
        running.pulse.under_way = 0
        with pytest.raises(openai.BadRequestError):
            client(running).chat.completions.create(model="memsrv/base", messages=ASK, n=2)

    assert (reply.status_code, reply.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert reply.headers["retry-after"]


ROUTES = [
    ("GET", "/v1/models"),
    ("GET", "/v1/models/memsrv/base"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/"),
    ("POST", "/v1/load_lora_adapter"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_but_health_needs_the_token(serve: Any, stored: Any, scripted: Any, method: str, path: str) -> None:
    json_body = {"content-type": "application/json"}
    with serve(roster(stored, scripted())) as running, httpx.Client(trust_env=False) as http:
        wrong = [{}, {"authorization": "Bearer wrong"}, {"authorization": running.token}, {"x-api-key": "é"}]
        codes = [
            http.request(
                method,
                f"{running.url}{path}",
                headers={k.encode(): v.encode() for k, v in (json_body | more).items()},
                content=b"{}" if method == "POST" else None,
            ).status_code
            for more in wrong
        ]
        for right in ({"authorization": f"Bearer {running.token}"}, {"x-api-key": running.token}):
            codes.append(http.request(method, f"{running.url}{path}", headers=json_body | right).status_code)

    assert codes[:4] == [401] * 4
    assert 401 not in codes[4:]


def test_there_is_no_route_that_this_list_does_not_know(scripted: Any, stored: Any) -> None:
    from memsrv_adapters.endpoint.app import Pulse, build

    app = build(
        roster(stored, scripted()),
        token="t",
        hosts=frozenset(),
        pulse=Pulse(),
        clock=lambda: 0.0,
        now=lambda: 0,
        new_id=lambda: "x",
    )

    assert [m.cls for m in app.user_middleware] == [Guard]
    assert {getattr(route, "path", None) for route in app.routes} == {
        "/health",
        "/v1/models",
        "/v1/models/{id:path}",
        "/v1/chat/completions",
    }


@pytest.mark.parametrize("path", ["/health", "/v1/models"])
def test_only_the_exact_loopback_names_are_answered(serve: Any, stored: Any, scripted: Any, path: str) -> None:
    with serve(roster(stored, scripted())) as running, httpx.Client(trust_env=False) as http:

        def code(**headers: str) -> int:
            known = {"authorization": f"Bearer {running.token}"}
            return http.get(f"{running.url}{path}", headers=known | headers).status_code

        port = running.port
        right = [f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"[::1]:{port}"]
        wrong = [
            "evil.example",
            f"evil.example:{port}",
            "127.0.0.1",
            f"127.0.0.1:{port + 1}",
            "127.0.0.1:evil.com",
            f"localhost:{port}@evil.com",
            f"localhost.evil.com:{port}",
            f"127.0.0.1.:{port}",
            f"0.0.0.0:{port}",
        ]
        origins = [
            "null",
            "http://evil.example",
            "http://localhost:3000",
            "http://localhost:1.evil.com",
            f"http://evil.example:{port}",
            "file://",
        ]

        assert [code(host=host) for host in right] == [200] * len(right)
        assert [code(host=host) for host in wrong] == [403] * len(wrong)
        assert [code(origin=origin) for origin in origins] == [403] * len(origins)


def test_two_host_headers_are_refused(serve: Any, stored: Any, scripted: Any) -> None:
    with serve(roster(stored, scripted())) as running:
        caller = socket.create_connection(("127.0.0.1", running.port))
        host = f"host: 127.0.0.1:{running.port}\r\n"
        caller.sendall(f"GET /health HTTP/1.1\r\n{host}host: evil.example\r\nconnection: close\r\n\r\n".encode())
        first = caller.makefile("rb").readline()
        caller.close()

    assert first.split()[1] in (b"400", b"403")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_a_web_page_could_send_unasked_is_refused(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client, kind: str
) -> None:
    with serve(roster(stored, scripted())) as running:
        reply = http.post(f"{running.url}/v1/chat/completions", content=b"{}", headers={"content-type": kind})

    assert reply.status_code == 415


def test_a_body_beyond_the_limit_is_refused_whatever_length_it_announced(
    serve: Any, stored: Any, scripted: Any, http: httpx.Client
) -> None:
    def endless() -> Any:
        for _ in range(BODY_LIMIT // 2**20 + 1):
            yield b" " * 2**20

    with serve(roster(stored, scripted())) as running:
        url, kind = f"{running.url}/v1/chat/completions", {"content-type": "application/json"}
        announced = http.post(url, content=b" " * (BODY_LIMIT + 1), headers=kind)
        chunked = http.post(url, content=endless(), headers=kind)

    assert (announced.status_code, chunked.status_code) == (413, 413)


def test_no_answer_allows_other_origins(serve: Any, stored: Any, scripted: Any, http: httpx.Client) -> None:
    with serve(roster(stored, scripted())) as running:
        replies = [http.get(f"{running.url}/v1/models"), http.options(f"{running.url}/v1/models")]

    assert not any(name.startswith("access-control") for reply in replies for name in reply.headers)


def _ask(http: httpx.Client, running: Any, **fields: Any) -> httpx.Response:
    body = {"model": "memsrv/demo", "messages": ASK} | fields
    return http.post(f"{running.url}/v1/chat/completions", json=body)
