"""One model under several names: the base, and adapters switched on over it. Answers, and prices expected answers.

Greedy, in batches, padded on the left. The base is the same weights with the adapters off: no second copy. torch is
imported inside the functions.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from memsrv.records import Message
from memsrv_consolidation import together
from memsrv_consolidation.device import Device, free, load
from memsrv_consolidation.kept import Kept

BASE = "base"

Found = TypeVar("Found")

#: Prompts of fewer tokens go together in more than a batch.
SHORT = 96

#: Tokens an answer may run on past the length of the expected one.
SPARE = 24


@dataclass(frozen=True, slots=True)
class Shift:
    """How far an adapter moved the base on some tokens: all per token, cross-entropies and divergence in nats."""

    tokens: int
    divergence: float  # mean KL(base || adapter)
    base: float
    adapter: float
    furthest: float  # the largest change of any logit


class Respondents:
    """The base of a run and the adapters that are compared on it.

    What is `kept` is not asked again. No batch has more than `most` prompts, however short they are.
    """

    def __init__(
        self,
        base: Path,
        adapters: Mapping[str, Path],
        device: Device,
        batch: int = 32,
        most: int | None = None,
        kept: Kept | None = None,
    ) -> None:
        from peft import PeftModel

        model, self._tokenizer = load(base, device)
        self._tokenizer.padding_side = "left"
        self._device = device
        self._batch, self._most, self._kept = batch, most, kept
        self._model: Any = model
        for place, (name, folder) in enumerate(adapters.items()):
            if place == 0:
                self._model = PeftModel.from_pretrained(model, folder, adapter_name=name)
            else:
                self._model.load_adapter(folder, adapter_name=name)
        self._adapters = tuple(adapters)
        self._model.eval()

    @classmethod
    def around(cls, model: Any, tokenizer: Any, device: Device, batch: int = 32) -> "Respondents":
        """A model with an adapter that is being trained, as it stands."""
        found = cls.__new__(cls)
        found._model, found._tokenizer, found._device, found._batch = model, tokenizer, device, batch
        found._adapters, found._most, found._kept = tuple(model.peft_config), None, None
        return found

    @property
    def names(self) -> tuple[str, ...]:
        return (BASE, *self._adapters)

    @property
    def window(self) -> int:
        """Tokens that the base can read and write at once."""
        return int(self._model.config.max_position_embeddings)

    def length(self, words: str | Sequence[Message]) -> int:
        """The tokens of a text, or of a prompt."""
        return self.lengths([words if isinstance(words, str) else self._prompt(words)])[0]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def beginning(self, text: str, tokens: int) -> str:
        """The first `tokens` of a text."""
        return str(self._tokenizer.decode(self._tokenizer(text, add_special_tokens=False)["input_ids"][:tokens]))

    def close(self) -> None:
        free(self._model)

    @contextmanager
    def speaking(self, name: str) -> Iterator[Any]:
        """The model with only `name` switched on; what is learned of it stays so, and what is not."""
        if not self._adapters:
            yield self._model
            return
        learned = [(weight, weight.requires_grad) for weight in self._model.parameters()]
        try:
            if name == BASE:
                with self._model.disable_adapter():
                    yield self._model
            else:
                self._model.set_adapter(name)
                yield self._model
        finally:  # peft takes an adapter that is switched on for one that is learned
            for weight, was in learned:
                weight.requires_grad_(was)

    def answers(
        self,
        name: str,
        prompts: Sequence[Sequence[Message]],
        expected: Sequence[str],
        count: Callable[[int], None] = lambda answered: None,
    ) -> list[str]:
        """What `name` answers to each prompt; `expected` only says how long an answer may be."""
        heads = [self._ids(self._prompt(prompt)) for prompt in prompts]
        room = [len(self._ids(text)) + SPARE for text in expected]
        found = [""] * len(heads)
        with self.speaking(name) as model, together.without_gradients(model):
            for places in self._alike(heads):
                asked = [heads[n] for n in places], max(room[n] for n in places)
                texts = self._once(name, "answers", asked, partial(self._texts, model, *asked))
                for place, text in zip(places, texts, strict=True):
                    found[place] = text
                count(len(places))
        return found

    def losses(self, name: str, prompts: Sequence[Sequence[Message]], expected: Sequence[str]) -> list[float]:
        """The cross-entropy of every token of the expected answers, in nats."""
        import torch

        heads = [self._ids(self._prompt(prompt)) for prompt in prompts]
        return self._priced(name, heads, [self._ids(text) for text in expected], torch)

    def continuations(self, name: str, begun: Sequence[str], ends: Sequence[str]) -> list[str]:
        """Each text that is no question, from its beginning, as `name` writes it on: as long as with its end."""
        import torch

        parted = [self._parted(head, tail) for head, tail in zip(begun, ends, strict=True)]
        heads, most = [head for head, _ in parted], max(len(tail) for _, tail in parted)
        whole: list[list[int]] = []
        with self.speaking(name) as model, torch.inference_mode():
            for start in range(0, len(heads), self._batch):
                some = heads[start : start + self._batch]
                written = self._written(model, some, most)
                whole += [[*head, *rest] for head, rest in zip(some, written, strict=True)]
        return [str(text) for text in self._tokenizer.batch_decode(whole, skip_special_tokens=True)]

    def prices(self, name: str, begun: Sequence[str], ends: Sequence[str]) -> list[float]:
        """The mean cross-entropy of each end after its beginning, which is no question."""
        import torch

        parted = [self._parted(head, tail) for head, tail in zip(begun, ends, strict=True)]
        prices = iter(self._priced(name, [head for head, _ in parted], [tail for _, tail in parted], torch))
        return [statistics.fmean(next(prices) for _ in tail) for _, tail in parted]

    def shift(self, name: str, heads: Sequence[str | Sequence[Message]], tails: Sequence[str]) -> Shift:
        """How far `name` moved the base on `tails`, each after its prompt or the text that leads to it."""
        import torch

        before = [self._ids(head if isinstance(head, str) else self._prompt(head)) for head in heads]
        after = [self._ids(tail) for tail in tails]
        found = []
        with torch.inference_mode():
            for places in self._alike([a + b for a, b in zip(before, after, strict=True)]):
                asked = [before[n] for n in places], [after[n] for n in places]
                found.append(self._once(name, "shift", asked, partial(self._moved, name, *asked)))
        tokens, n = sum(map(len, after)), max(sum(map(len, after)), 1)
        divergence, base, adapter = (sum(batch[figure] for batch in found) for figure in range(3))
        return Shift(tokens, divergence / n, base / n, adapter / n, max((batch[3] for batch in found), default=0.0))

    def _once(self, name: str, what: str, asked: object, answer: Callable[[], Found]) -> Found:
        if self._kept is None:
            return answer()
        return self._kept.once(name, [what, self._device.kind, self._device.dtype, asked], answer)

    def _moved(self, name: str, heads: Sequence[Sequence[int]], tails: Sequence[Sequence[int]]) -> list[float]:
        """How far `name` moved the base on one batch: divergence, both cross-entropies, the largest change."""
        import torch
        import torch.nn.functional as functional

        found = []
        for who in (BASE, name):
            with self.speaking(who) as model:
                found.append([logits[:-1].float() for logits in self._tails(model, heads, tails)])
        divergence, base, adapter, furthest = 0.0, 0.0, 0.0, 0.0
        for ids, old, new in zip(tails, *found, strict=True):
            target = torch.tensor(ids, device=old.device)
            was, now = functional.log_softmax(old, -1), functional.log_softmax(new, -1)
            divergence += float((was.exp() * (was - now)).sum())
            base += float(functional.nll_loss(was, target, reduction="sum"))
            adapter += float(functional.nll_loss(now, target, reduction="sum"))
            furthest = max(furthest, float((old - new).abs().max()))
        return [divergence, base, adapter, furthest]

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _parted(self, begun: str, end: str) -> tuple[list[int], list[int]]:
        """The tokens of the whole text, parted where those of its beginning no longer agree: as it was trained on."""
        whole, alone = self._ids(begun + end), self._ids(begun)
        same = next((n for n, (a, b) in enumerate(zip(whole, alone, strict=False)) if a != b), len(alone))
        same = min(same, len(whole) - 1)
        return whole[:same], whole[same:]

    def _alike(self, rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """The places of `rows` in batches of alike lengths: padding is paid for."""
        batches: list[list[int]] = []
        for place in sorted(range(len(rows)), key=lambda place: len(rows[place])):
            # Short ones cost by the step, long ones by the token: more of the short ones go together.
            most = max(self._batch, self._batch * SHORT // max(len(rows[place]), 1))
            most = min(most, self._most or most)
            if not batches or len(batches[-1]) >= most:
                batches.append([])
            batches[-1].append(place)
        return batches

    def _padded(self, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        import torch

        longest = max(len(row) for row in rows)
        pad = self._tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (longest - len(row)) + list(row) for row in rows], device=self._device.kind)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=self._device.kind)
        return {"input_ids": ids, "attention_mask": mask}

    def _tails(self, model: Any, heads: Sequence[Sequence[int]], tails: Sequence[Sequence[int]]) -> list[Any]:
        """The logits that foretell each token of each tail, and what would follow it."""
        rows = self._padded([[*head, *tail] for head, tail in zip(heads, tails, strict=True)])
        # A large base's logits of every token of every context would not fit: those of the tails are enough.
        keep = max(len(tail) for tail in tails) + 1
        positions = (rows["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        logits = model(**rows, position_ids=positions, logits_to_keep=keep, use_cache=False).logits
        return [row[row.shape[0] - len(tail) - 1 :] for row, tail in zip(logits, tails, strict=True)]

    def _texts(self, model: Any, begun: Sequence[Sequence[int]], most: int) -> list[str]:
        written = self._written(model, begun, most)
        return [text.strip() for text in self._tokenizer.batch_decode(written, skip_special_tokens=True)]

    def _written(self, model: Any, begun: Sequence[Sequence[int]], most: int) -> list[list[int]]:
        rows = self._padded(begun)
        out = model.generate(**rows, max_new_tokens=most, do_sample=False, pad_token_id=self._tokenizer.pad_token_id)
        return [list(row) for row in out[:, rows["input_ids"].shape[1] :].tolist()]

    def _priced(
        self, name: str, heads: Sequence[Sequence[int]], tails: Sequence[Sequence[int]], torch: Any
    ) -> list[float]:
        found: list[list[float]] = [[] for _ in heads]
        with self.speaking(name) as model, together.without_gradients(model):
            for places in self._alike(heads):
                asked = [heads[n] for n in places], [tails[n] for n in places]
                prices = self._once(name, "prices", asked, partial(self._each, model, *asked))
                for place, each in zip(places, prices, strict=True):
                    found[place] = each
        return [price for prices in found for price in prices]

    def _each(self, model: Any, heads: Sequence[Sequence[int]], tails: Sequence[Sequence[int]]) -> list[list[float]]:
        """The price of every token of every tail."""
        import torch
        import torch.nn.functional as functional

        found = []
        for ids, logits in zip(tails, self._tails(model, heads, tails), strict=True):
            target = torch.tensor(ids, device=logits.device)
            found.append(functional.cross_entropy(logits[:-1].float(), target, reduction="none").tolist())
        return found

    def _prompt(self, messages: Sequence[Message]) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert isinstance(text, str)
        return text
