"""The shape of a base model, read from its `config.json`: how large it is and what a LoRA on it adds. Torch-free.

A decoder of attention and a gated feed-forward, as Llama, Mistral, Qwen and their kin are. Of others the numbers are
near enough for an estimate: what a field is called differs, and one that is missing has the usual proportion.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memsrv.errors import UnknownBase


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int
    width: int
    inner: int  # of the feed-forward
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool  # the output layer is the embedding
    head_width: int = 0  # 0: width / heads

    @property
    def projections(self) -> dict[str, tuple[int, int]]:
        """(in, out) of each linear layer of a block, by the names that Llama gave them."""
        head = self.head_width or self.width // self.heads
        queries, keys = self.heads * head, self.kv_heads * head
        return {
            "q_proj": (self.width, queries), "k_proj": (self.width, keys), "v_proj": (self.width, keys),
            "o_proj": (queries, self.width), "gate_proj": (self.width, self.inner), "up_proj": (self.width, self.inner),
            "down_proj": (self.inner, self.width),
        }  # fmt: skip

    @property
    def linear(self) -> int:
        """Weights of the linear layers of all blocks: what a 4-bit base keeps in 4 bit."""
        return self.layers * sum(into * out for into, out in self.projections.values())

    @property
    def embeddings(self) -> int:
        return self.vocabulary * self.width * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        """All weights; norms and biases are left out, which are less than a thousandth of a large base."""
        return self.linear + self.embeddings

    def lora(self, rank: int, targets: Sequence[str]) -> int:
        """Weights of an adapter of `rank` on the layers called `targets`."""
        found = [sides for name, sides in self.projections.items() if name in targets]
        return self.layers * rank * sum(into + out for into, out in found)


#: Real bases by name: what `memsrv bench training` makes up with random weights, and what the README's table is of.
SHAPES = {
    "qwen2.5-0.5b": Shape(24, 896, 4864, 14, 2, 151_936, tied=True),
    "qwen2.5-1.5b": Shape(28, 1536, 8960, 12, 2, 151_936, tied=True),
    "qwen2.5-7b": Shape(28, 3584, 18_944, 28, 4, 152_064, tied=False),
}


def shape_of(base: Path) -> Shape:
    """The shape of the base in the folder `base`; UnknownBase where its `config.json` does not tell."""
    try:
        config = json.loads((base / "config.json").read_text("utf-8"))
        return _read(config.get("text_config", config))
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnknownBase(
            f"{base / 'config.json'} does not tell the base's size ({error}); give another one with --base"
        ) from error


def _read(config: Mapping[str, Any]) -> Shape:
    """Fields by the names of Llama's kin, else by GPT-2's."""

    def field(*names: str) -> int | None:
        return next((int(config[name]) for name in names if config.get(name) is not None), None)

    layers, width = field("num_hidden_layers", "n_layer"), field("hidden_size", "n_embd")
    heads, vocabulary = field("num_attention_heads", "n_head"), field("vocab_size")
    if not (layers and width and heads and vocabulary):
        raise ValueError("layers, width, heads or vocabulary are missing")
    return Shape(
        layers, width, field("intermediate_size", "n_inner") or 4 * width, heads, field("num_key_value_heads") or heads,
        vocabulary, bool(config.get("tie_word_embeddings", True)), field("head_dim") or 0,
    )  # fmt: skip
