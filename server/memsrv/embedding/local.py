"""A sentence encoder in this process: ONNX on the processor, no torch. Knows no store."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memsrv.embedding.building import MODEL, TOKENIZER
from memsrv.errors import UsageError

_TOKENS = 256
_AT_ONCE = 32


class Local:
    """Loaded when first asked; numpy and onnxruntime are imported then, too."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        absent = [name for name in (MODEL, TOKENIZER) if not (folder / name).is_file()]
        if absent:
            raise UsageError(
                f"{folder} has no {' and no '.join(absent)}; run `memsrv embed --build MODEL_FOLDER`, which makes them "
                "of a published MiniLM folder, or set `embedding.base_url` to a server"
            )
        self._folder, self._threads = folder, threads
        with (folder / MODEL).open("rb") as file:
            self.name = f"onnx:{hashlib.sha256(file.read(1 << 20) + file.read()[-4096:]).hexdigest()[:12]}"
        self._session: Any = None
        self._tokenizer: Any = None

    def vectors(self, texts: Sequence[str]) -> Any:
        """One row of length 1 for each text, float32."""
        import numpy as np

        if self._session is None:
            self._load()
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found: Any = None
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            encoded = self._tokenizer.encode_batch([texts[place] for place in places])
            given = {
                "input_ids": np.array([one.ids for one in encoded], np.int64),
                "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
            }
            rows = self._session.run(None, given)[0]
            if found is None:
                found = np.zeros((len(texts), rows.shape[1]), np.float32)
            found[places] = rows
        return found

    def _load(self) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise UsageError(f"{error.name} is not installed; run `pip install 'memsrv[semantic]'`") from error
        tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.enable_truncation(_TOKENS)
        tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = self._threads, 3
        self._session = onnxruntime.InferenceSession(
            str(self._folder / MODEL), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizer
