"""The engine in this process: one base model on transformers, LoRA versions side by side on peft.

Every answer has its own key-value cache, so versions cannot see each other's. The model is held for one forward pass
at a time: answers advance in turn, and a version is loaded between two passes. Right before fast: no batching here.
"""

import itertools
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from memsrv.errors import AdapterMismatch, MissingExtra, UnknownBase, UsageError
from memsrv.records import Message
from memsrv_adapters.base import Base
from memsrv_adapters.engines import Finish, Piece, PromptTooLong, Sampling
from memsrv_adapters.engines.text import StopScan
from memsrv_adapters.version import CONFIG, WEIGHTS, AdapterVersion
from memsrv_adapters.weights import SERVED_FIELDS, read_json

if TYPE_CHECKING:
    import torch

#: Above so many parameters a model is held in bfloat16 on a CPU; below, float32 is faster and exact.
_HALF_ABOVE = 1_500_000_000


class LocalEngine:
    """One base model and the versions loaded on it. Thread-safe."""

    def __init__(self, base: Base, *, threads: int) -> None:
        try:
            import torch
            from tokenizers.decoders import DecodeStream
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise MissingExtra(f"serving needs {error.name}; run `pip install 'memsrv[serve]'`") from error
        torch.set_num_threads(threads)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.base = base
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(base.path, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(
                base.path, local_files_only=True, use_safetensors=True, dtype="auto"
            )
        except (ValueError, OSError, KeyError) as error:
            raise UnknownBase(f"{base.name} ({base.path}) cannot be loaded: {error}") from error
        if not self._tokenizer.chat_template:
            raise UnknownBase(f"{base.name} has no chat template; choose an instruction-tuned base model")
        half = device == "cuda" or model.num_parameters() > _HALF_ABOVE
        self._model: Any = model.to(device=device, dtype=torch.bfloat16 if half else torch.float32).eval()
        self._plain = self._model  # without any adapter wrapped around it
        self._decoder = DecodeStream
        self._ends = _ends(model, self._tokenizer)
        self._keys: dict[str, str] = {}  # label → PEFT's name for it, which may hold no dot
        self._numbers = itertools.count()
        self._turn = threading.Lock()

    @property
    def context(self) -> int:
        return int(self._plain.config.max_position_embeddings)

    def tokens(self, messages: Sequence[Message]) -> int:
        return len(self._prompt(messages))

    def count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def loaded(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def load(self, version: AdapterVersion) -> None:
        if version.label in self._keys:
            return
        if version.manifest.base_hash != self.base.hash:
            raise AdapterMismatch(
                f"{version.label} was trained on {version.manifest.base} ({version.manifest.base_hash[:12]}), "
                f"not on this {self.base.name} ({self.base.hash[:12]}); run `memsrv consolidate` to train on this one"
            )
        from peft import LoraConfig, PeftModel, set_peft_model_state_dict
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        said = read_json(version.path / CONFIG) or {}
        config = LoraConfig(
            task_type="CAUSAL_LM", inference_mode=True, **{name: said[name] for name in SERVED_FIELDS if name in said}
        )
        try:
            weights = load_file(version.path / WEIGHTS)
        except (SafetensorError, OSError) as error:
            raise AdapterMismatch(f"{version.label} is damaged: {version.path / WEIGHTS}: {error}") from error
        self._check(version, weights)
        with self._turn:
            if version.label in self._keys:
                return
            key = f"v{next(self._numbers)}"
            try:
                if self._model is self._plain:
                    self._model = PeftModel(self._plain, config, adapter_name=key)
                else:
                    self._model.add_adapter(key, config)
                outcome: Any = set_peft_model_state_dict(self._model, weights, adapter_name=key)
            except (ValueError, RuntimeError, KeyError) as error:
                self._drop(key)
                raise AdapterMismatch(f"{version.label} does not fit {self.base.name}: {error}") from error
            self._model.eval()
            absent = [name for name in outcome.missing_keys if "lora_" in name and f".{key}." in name]
            if outcome.unexpected_keys or absent:
                self._drop(key)
                name = [*outcome.unexpected_keys, *absent][0]
                raise AdapterMismatch(
                    f"{version.label} does not fit {self.base.name}: {name} has no counterpart; train it again"
                )
            self._keys[version.label] = key

    def unload(self, label: str) -> None:
        with self._turn:
            if label in self._keys:
                self._drop(self._keys.pop(label))

    def stream(
        self, messages: Sequence[Message], label: str | None, sampling: Sampling
    ) -> Generator[Piece | Finish, None, None]:
        if label is not None and label not in self._keys:
            raise UsageError(f"{label} is not loaded")
        ids = self._prompt(messages)
        room = self.context - len(ids)
        if room < 1:
            raise PromptTooLong(
                f"this conversation has {len(ids)} tokens and {self.base.name} reads {self.context}; send less of it"
            )
        limit = room if sampling.max_tokens is None else min(room, sampling.max_tokens)
        return self._answer(ids, label, sampling, limit)

    def _prompt(self, messages: Sequence[Message]) -> list[int]:
        from jinja2 import TemplateError

        try:
            ids: list[int] = self._tokenizer.apply_chat_template(
                [{"role": m.role, "content": m.content} for m in messages],
                add_generation_prompt=True,
                return_dict=True,
            )["input_ids"]
        except TemplateError as error:
            raise UsageError(
                f"the chat template of {self.base.name} refuses these messages ({error}); send roles that it knows"
            ) from error
        return ids

    def _answer(
        self, prompt: list[int], label: str | None, sampling: Sampling, limit: int
    ) -> Generator[Piece | Finish, None, None]:
        import torch

        decoder = self._decoder(skip_special_tokens=True)  # gives whole characters only
        scan = StopScan(sampling.stop)
        random = torch.Generator().manual_seed(sampling.seed) if sampling.seed is not None else torch.Generator()
        if sampling.seed is None:
            random.seed()
        ids, cache, count = prompt, None, 0
        reason: Literal["stop", "length"] = "length"
        while count < limit:
            with self._forward(label) as extra, torch.inference_mode():
                out = self._model(
                    input_ids=torch.tensor([ids], device=self._model.device),
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                    **extra,
                )
            cache = out.past_key_values
            token = _choose(out.logits[0, -1].float().cpu(), sampling, random)
            count += 1
            if token in self._ends:
                reason = "stop"
                break
            ids = [token]
            shown = scan.feed(decoder.step(self._tokenizer.backend_tokenizer, token) or "")
            if shown:
                yield Piece(shown)
            if scan.hit:
                reason = "stop"
                break
        if rest := scan.rest():
            yield Piece(rest)
        yield Finish(reason, len(prompt), count)

    @contextmanager
    def _forward(self, label: str | None) -> Iterator[dict[str, Any]]:
        """The model for one pass, and the argument that picks the version: nothing global is switched."""
        with self._turn:
            if self._model is self._plain:
                yield {}
            else:
                yield {"adapter_names": ["__base__" if label is None else self._keys[label]]}

    def _drop(self, key: str) -> None:
        """Take an adapter away; with the last one, the wrapping as well (PEFT cannot run with none)."""
        if self._model is self._plain:
            return
        if key in self._model.peft_config:
            others = [name for name in self._model.peft_config if name != key]
            if not others:
                self._plain = self._model = self._model.unload()
                return
            self._model.set_adapter(others[0], inference_mode=True)
            self._model.delete_adapter(key)

    def _check(self, version: AdapterVersion, weights: "dict[str, torch.Tensor]") -> None:
        """Every matrix must belong to a layer of this base, fit its size, and be finite: PEFT itself only warns."""
        sizes = {
            name.replace(".base_layer", ""): tuple(module.weight.shape)
            for name, module in self._plain.named_modules()
            if getattr(module, "weight", None) is not None and module.weight.dim() == 2
        }
        for name, tensor in weights.items():
            layer, _, side = name.removeprefix("base_model.model.").rpartition(".lora_")
            size = sizes.get(layer)
            outer = 1 if side.startswith("A") else 0  # the side that faces the layer; the other one is the rank
            if size is None or tensor.dim() != 2 or tensor.shape[outer] not in size:
                raise AdapterMismatch(f"{version.label} does not fit {self.base.name}: {name} has no layer of its size")
            if not bool(tensor.isfinite().all()):
                raise AdapterMismatch(f"{version.label} is damaged: {name} holds numbers that are not finite")


def _choose(logits: "torch.Tensor", sampling: Sampling, random: "torch.Generator") -> int:
    """The next token: the likeliest, or one drawn from the smallest set whose probability reaches top_p."""
    import torch

    if sampling.temperature <= 0:
        return int(logits.argmax())
    chances, order = torch.softmax(logits / sampling.temperature, dim=-1).sort(descending=True)
    before = chances.cumsum(0) - chances
    chances[before >= sampling.top_p] = 0
    chances[0] = max(float(chances[0]), 1e-9)  # the likeliest always stays, whatever top_p
    return int(order[torch.multinomial(chances, 1, generator=random)])


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    said = model.generation_config.eos_token_id
    ends = set(said) if isinstance(said, list) else {said}
    return frozenset(end for end in {*ends, tokenizer.eos_token_id} if end is not None)
