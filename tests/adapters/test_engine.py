import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsrv.errors import AdapterMismatch, UsageError
from memsrv.records import Message
from memsrv_adapters.base import Base, resolve
from memsrv_adapters.engines import Finish, Piece, PromptTooLong, Sampling
from memsrv_adapters.engines.local import LocalEngine
from memsrv_adapters.engines.text import StopScan

ASK = (Message("user", "What is the port of the gateway?"),)
SHORT = Sampling(max_tokens=24)


@pytest.fixture(scope="module")
def engine(base: Base) -> LocalEngine:
    return LocalEngine(base, threads=1)


def answer(engine: Any, label: str | None, sampling: Sampling = SHORT) -> str:
    return "".join(item.text for item in engine.stream(ASK, label, sampling) if isinstance(item, Piece))


def generated(base: Base, adapter: Path | None, tokens: int) -> tuple[str, str]:
    """What transformers and peft themselves say, one model at a time; with and without bytes that are no character."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base.path)
    model = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    model.eval()
    prompt = tokenizer.apply_chat_template(
        [{"role": m.role, "content": m.content} for m in ASK],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )
    out = model.generate(**prompt, max_new_tokens=tokens, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    text = tokenizer.decode(out, skip_special_tokens=True)
    return text, text.rstrip("\ufffd")


def test_every_version_answers_as_it_does_alone(engine: LocalEngine, base: Base, stored: Any) -> None:
    versions = [stored.put("solo", seed) for seed in (1, 2, 3)]
    for version in versions:
        engine.load(version)

    said = {v.label: answer(engine, v.label) for v in versions}

    assert len(set(said.values())) == 3
    for version in versions:
        assert said[version.label] in generated(base, version.path, 24)
    assert answer(engine, None) in generated(base, None, 24)


def test_answers_at_once_are_those_of_one_after_the_other(engine: LocalEngine, stored: Any) -> None:
    versions = [stored.put("together", seed) for seed in (1, 2, 3)]
    for version in versions:
        engine.load(version)
    labels = [None, *(v.label for v in versions)] * 3
    alone = {label: answer(engine, label) for label in set(labels)}

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda label: answer(engine, label), labels))

    assert said == [alone[label] for label in labels]


def test_loading_beside_an_answer_does_not_change_it(engine: LocalEngine, stored: Any) -> None:
    first = stored.put("beside", 1)
    engine.load(first)
    whole = answer(engine, first.label)

    stream = engine.stream(ASK, first.label, SHORT)
    pieces = [next(stream)]
    engine.load(stored.put("beside", 2))
    pieces += list(stream)

    assert "".join(p.text for p in pieces if isinstance(p, Piece)) == whole


def test_the_base_is_itself_again_after_the_last_version_left(base: Base, stored: Any) -> None:
    engine = LocalEngine(base, threads=1)
    bare = answer(engine, None)
    for seed in (1, 2):
        engine.load(stored.put("leaves", seed))
    engine.unload("leaves@v1")
    engine.unload("leaves@v2")

    assert engine.loaded() == ()
    assert answer(engine, None) == bare

    again = stored.put("leaves", 1)
    engine.load(again)
    assert answer(engine, again.label) in generated(base, again.path, 24)


def test_weights_for_another_base_are_refused(engine: LocalEngine, stored: Any) -> None:
    version = stored.shelf.put(
        stored.make_adapter(stored.spare / "other", 1),
        project="other",
        base="elsewhere",
        base_hash="0" * 64,
        strategy="paper",
        run="r",
        created="2026-11-20T03:00:00Z",
    )

    with pytest.raises(AdapterMismatch, match="elsewhere"):
        engine.load(version)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: {n.replace("layers.1", "layers.9"): v for n, v in t.items()}, "no layer of its size"),
        (lambda t: {n: v[:, :-3] if "lora_A" in n else v for n, v in t.items()}, "no layer of its size"),
        (lambda t: {n: v / 0 for n, v in t.items()}, "not finite"),
        (lambda t: {n: v for n, v in t.items() if "layers.0" in n}, "no counterpart"),
        (lambda t: {n: v[:2] if "lora_A" in n else v[:, :2] for n, v in t.items()}, "does not fit"),
    ],
    ids=["a layer that is not there", "another width", "not finite", "half of it missing", "another rank"],
)
def test_weights_that_do_not_fit_are_refused_and_harm_nothing(
    engine: LocalEngine, stored: Any, change: Any, told: str
) -> None:
    from safetensors.torch import load_file, save_file

    good = stored.put("fits", 1)
    engine.load(good)
    before = (answer(engine, None), answer(engine, good.label), set(engine.loaded()))
    folder = stored.make_adapter(stored.spare / "changed", 2)
    weights = folder / "adapter_model.safetensors"
    save_file({n: t.contiguous() for n, t in change(load_file(weights)).items()}, weights)
    version = stored.shelf.put(
        folder,
        project="unfit",
        base=stored.base.name,
        base_hash=stored.base.hash,
        strategy="paper",
        run="r",
        created="2026-11-20T03:00:00Z",
    )

    with pytest.raises(AdapterMismatch, match=told):
        engine.load(version)
    assert (answer(engine, None), answer(engine, good.label), set(engine.loaded())) == before


def test_an_answer_ends_at_its_limit_and_says_so(engine: LocalEngine) -> None:
    *_, last = engine.stream(ASK, None, Sampling(max_tokens=5))

    assert isinstance(last, Finish)
    assert (last.reason, last.completion_tokens) == ("length", 5)
    assert last.prompt_tokens > 30


def test_the_context_bounds_an_answer_without_a_limit(engine: LocalEngine) -> None:
    long = (Message("user", "x" * (engine.context - 60)),)
    *_, last = engine.stream(long, None, Sampling(temperature=2.0, seed=5))

    assert isinstance(last, Finish)
    assert last.prompt_tokens + last.completion_tokens <= engine.context


def test_a_prompt_beyond_the_context_is_refused_before_streaming(engine: LocalEngine) -> None:
    with pytest.raises(PromptTooLong, match=str(engine.context)):
        engine.stream((Message("user", "x" * engine.context),), None, SHORT)


def test_a_prompt_is_counted_as_it_is_read(engine: LocalEngine) -> None:
    [*_, finish] = engine.stream(ASK, None, SHORT)

    assert isinstance(finish, Finish)
    assert engine.tokens(ASK) == finish.prompt_tokens
    assert engine.count("ports") == 5  # of this tokenizer each letter is a token


def test_a_template_that_knows_no_system_message_refuses_it_in_a_sentence(base: Base, tmp_path: Path) -> None:
    folder = tmp_path / "strict"
    shutil.copytree(base.path, folder)
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    (folder / "chat_template.jinja").write_text(strict + (folder / "chat_template.jinja").read_text())
    engine = LocalEngine(resolve(str(folder)), threads=1)

    with pytest.raises(UsageError, match="System role not supported"):
        engine.tokens((Message("system", "memory"), *ASK))
    assert engine.tokens(ASK)


def test_the_same_seed_draws_the_same_answer(engine: LocalEngine) -> None:
    drawn = [answer(engine, None, Sampling(max_tokens=24, temperature=1.5, seed=seed)) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_tiny_top_p_is_greedy(engine: LocalEngine) -> None:
    assert answer(engine, None, Sampling(max_tokens=24, temperature=2.0, top_p=0.0, seed=3)) == answer(engine, None)


def test_a_stop_string_ends_the_answer_before_it(engine: LocalEngine) -> None:
    whole = answer(engine, None, Sampling(max_tokens=60))
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]

    *pieces, last = engine.stream(ASK, None, Sampling(max_tokens=60, stop=(stop,)))

    assert "".join(p.text for p in pieces if isinstance(p, Piece)) == whole[: whole.index(stop)]
    assert isinstance(last, Finish)
    assert last.reason == "stop"


def test_no_piece_holds_half_a_character(engine: LocalEngine) -> None:
    """The tokens of this model are bytes, so every character beyond ASCII comes in pieces."""
    text = "Grüße, 世界! 🚀 «ça»"
    tokenizer = engine._tokenizer
    ids = tokenizer(text)["input_ids"]
    stream = engine._decoder(skip_special_tokens=True)

    pieces = [stream.step(tokenizer.backend_tokenizer, token) or "" for token in ids]

    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


@given(st.lists(st.text("abc", max_size=4), max_size=12), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3))
def test_nothing_that_a_stop_string_takes_back_was_shown(pieces: list[str], stops: list[str]) -> None:
    scan, whole = StopScan(stops), "".join(pieces)

    shown = "".join(_fed(scan, pieces))

    found = [whole.index(stop) for stop in stops if stop in whole]
    if found:
        # A stop string is found as soon as it is complete: of several, the one that ends first.
        assert scan.hit
        assert whole.startswith(shown)
        assert not any(stop in shown for stop in stops)
    else:
        assert (shown, scan.hit) == (whole, False)


def _fed(scan: StopScan, pieces: list[str]) -> Iterator[str]:
    for piece in pieces:
        yield scan.feed(piece)
        if scan.hit:
            return
    yield scan.rest()
