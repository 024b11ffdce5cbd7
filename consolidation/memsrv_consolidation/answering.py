"""One model under several names: the base, and adapters switched on over it. Answers, and prices expected answers.

Greedy, in batches, padded on the left. The base is the same weights with the adapters off: no second copy. torch is
imported inside the functions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memsrv.records import Message
from memsrv_consolidation.device import Device, free, load

BASE = "base"

#: Tokens an answer may run on past the length of the expected one.
SPARE = 24


class Respondents:
    """The base of a run and the adapters that are compared on it."""

    def __init__(self, base: Path, adapters: Mapping[str, Path], device: Device, batch: int = 32) -> None:
        from peft import PeftModel

        model, self._tokenizer = load(base, device)
        self._tokenizer.padding_side = "left"
        self._device = device
        self._batch = batch
        self._model: Any = model
        for place, (name, folder) in enumerate(adapters.items()):
            if place == 0:
                self._model = PeftModel.from_pretrained(model, folder, adapter_name=name)
            else:
                self._model.load_adapter(folder, adapter_name=name)
        self._adapters = tuple(adapters)
        self._model.eval()

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
        """The model with only `name` switched on."""
        if name == BASE:
            if not self._adapters:
                yield self._model
            else:
                with self._model.disable_adapter():
                    yield self._model
        else:
            self._model.set_adapter(name)
            yield self._model

    def answers(
        self,
        name: str,
        prompts: Sequence[Sequence[Message]],
        expected: Sequence[str],
        count: Callable[[int], None] = lambda answered: None,
    ) -> list[str]:
        """What `name` answers to each prompt; `expected` only says how long an answer may be."""
        import torch

        tokenizer = self._tokenizer
        rendered = [self._prompt(prompt) for prompt in prompts]
        room = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) + SPARE for text in expected]
        # Alike lengths together: padding is paid for.
        order = sorted(range(len(rendered)), key=lambda place: len(rendered[place]))
        found = [""] * len(rendered)
        with self.speaking(name) as model, torch.inference_mode():
            for start in range(0, len(order), self._batch):
                places = order[start : start + self._batch]
                batch = tokenizer(
                    [rendered[place] for place in places],
                    return_tensors="pt",
                    padding=True,
                    add_special_tokens=False,
                ).to(self._device.kind)
                out = model.generate(
                    input_ids=batch["input_ids"],
                    attention_mask=batch["attention_mask"],
                    max_new_tokens=max(room[place] for place in places),
                    do_sample=False,
                    pad_token_id=tokenizer.pad_token_id,
                )
                texts = tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
                for place, text in zip(places, texts, strict=True):
                    found[place] = text.strip()
                count(len(places))
        return found

    def losses(self, name: str, prompts: Sequence[Sequence[Message]], expected: Sequence[str]) -> list[float]:
        """The cross-entropy of every token of the expected answers, in nats."""
        import torch
        import torch.nn.functional as functional

        found: list[float] = []
        with self.speaking(name) as model, torch.inference_mode():
            for prompt, answer in zip(prompts, expected, strict=True):
                head = self._tokenizer(self._prompt(prompt), add_special_tokens=False)["input_ids"]
                tail = self._tokenizer(answer, add_special_tokens=False)["input_ids"]
                ids = torch.tensor([[*head, *tail]], device=self._device.kind)
                logits = model(input_ids=ids).logits[0, len(head) - 1 : -1].float()
                found += functional.cross_entropy(logits, ids[0, len(head) :], reduction="none").tolist()
        return found

    def _prompt(self, messages: Sequence[Message]) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        text = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        assert isinstance(text, str)
        return text
