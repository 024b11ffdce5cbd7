"""An OpenAI-compatible embedding server: texts go out redacted, and only to this machine unless that was allowed."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from memsrv.errors import MemsrvError, UsageError
from memsrv.redact import Redactor

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TIMEOUT_S = 30.0


class Server:
    def __init__(
        self, base_url: str, model: str, redactor: Redactor, key: str | None = None, *, remote: bool = False
    ) -> None:
        address = urlsplit(base_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UsageError(f"`embedding.base_url` is no address: {base_url}; write it as http://127.0.0.1:8080/v1")
        if not model:
            raise UsageError("`embedding.base_url` needs `embedding.model`, the model's name as that server knows it")
        here = address.hostname in _LOOPBACK
        if not here and not remote:
            raise UsageError(
                f"`embedding.base_url` is on another machine, {address.hostname}; every turn would be sent there: set "
                "`embedding.remote` to true if that is meant, or name a server on this one"
            )
        self.name = f"{base_url.rstrip('/')}#{model}"
        self._url, self._model, self._redactor = f"{base_url.rstrip('/')}/embeddings", model, redactor
        headers = {"Authorization": f"Bearer {key}"} if key and not here else {}
        self._client = httpx.Client(timeout=_TIMEOUT_S, headers=headers, trust_env=not here)

    def vectors(self, texts: Sequence[str]) -> Any:
        """One row of length 1 for each text, float32."""
        import numpy as np

        clean = [self._redactor.redact(text)[0] or " " for text in texts]
        try:
            answer = self._client.post(self._url, json={"model": self._model, "input": clean})
            answer.raise_for_status()
            data = sorted(answer.json()["data"], key=lambda one: one["index"])
            rows = np.array([one["embedding"] for one in data], np.float32)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise MemsrvError(
                f"{self._url} gave no embeddings ({type(error).__name__}: {error}); check that the server runs and "
                "knows the model, or unset `embedding.base_url`"
            ) from error
        if rows.ndim != 2 or len(rows) != len(texts):
            raise MemsrvError(f"{self._url} gave {len(rows)} embeddings for {len(texts)} texts; check the server")
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
