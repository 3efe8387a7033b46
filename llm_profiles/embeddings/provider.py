"""Text vectors of any provider that LangChain knows: `provider:name` (`openai:text-embedding-3-small`)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm_profiles.chat import providers
from llm_profiles.vector_store import FloatArray
from spikegraph.errors import ProviderError, SpikeGraphError
from spikegraph.logs import get_logger, progress
from spikegraph.settings import LlmSettings

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

BATCH = 256
"""Texts of one request: profiles are short, and providers take 300 000 tokens at once (OpenAI) or more."""

_MESSAGE_CHARACTERS = 300

log = get_logger(__name__)


def name(asked: str, settings: LlmSettings) -> str:
    """Give the name of the vectors, a folder's name: `openai-text-embedding-3-small-0a1b2c3d`.

    The last part names the model and the server: a model of the same name on another server is another model.

    Raises:
        UsageError: it is not `provider:name`.
    """
    providers.split_name(asked)
    digest = hashlib.sha256(f"{asked.strip()} {settings.base_url or ''}".encode()).hexdigest()
    words = re.sub(r"[^a-z0-9.]+", "-", asked.lower()).strip("-.")
    return f"{words[:60]}-{digest[:8]}"


def embed(texts: Sequence[str], asked: str, settings: LlmSettings) -> Iterator[FloatArray]:
    """Embed texts, a batch at a time, so that what was paid for can be kept before the next batch.

    The provider's client retries what can be retried, at most `settings.attempts` times, and waits as long as it
    is told to.

    Returns:
        float32 [at most 256, D], rows of length 1, in the order of the texts.

    Raises:
        UsageError: there is no such provider or model, or its key is missing.
        MissingExtraError: the provider's package is not installed.
        ProviderError: it does not answer, or not with one finite vector a text.
    """
    model, address = _open(asked, settings)
    log.info("profiles are sent to be embedded", model=asked, reader=address, texts=len(texts))
    with progress("embedding profiles", len(texts)) as advance:
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            yield _checked(_ask(model, batch, asked), len(batch), asked)
            advance(len(batch))


def _open(asked: str, settings: LlmSettings) -> tuple[Embeddings, str]:
    provider, found = providers.split_name(asked)
    providers.switch_tracing(settings)
    given: dict[str, Any] = {"base_url": providers.base_url(settings)}
    if provider == "ollama":
        given["client_kwargs"] = {"timeout": settings.timeout_seconds}
    else:
        given |= {"api_key": providers.key_of(provider, settings)}
    if provider in {"openai", "azure_openai"}:
        # Without the check: it would fetch a tokenizer from the net, and other servers take no tokens (llm.md §2.10).
        given |= {"check_embedding_ctx_length": False, "chunk_size": BATCH}
        given |= {"max_retries": settings.attempts - 1, "timeout": settings.timeout_seconds}
    from langchain.embeddings import init_embeddings

    with providers.opening(asked):
        model = init_embeddings(found, provider=provider, **{key: v for key, v in given.items() if v is not None})
    return model, providers.address_of(provider, model, settings)


def _ask(model: Embeddings, texts: list[str], asked: str) -> list[list[float]]:
    try:
        return model.embed_documents(texts)
    except SpikeGraphError:
        raise
    except Exception as error:  # every provider's package has a tree of errors of its own
        reason = f"{type(error).__name__}: {error}"[:_MESSAGE_CHARACTERS]
        hint = "what was embedded before is kept: the same command goes on"
        raise ProviderError(f"the texts could not be embedded: {reason}", where=asked, hint=hint) from error


def _checked(vectors: list[list[float]], count: int, asked: str) -> FloatArray:
    try:
        matrix = np.array(vectors, dtype=np.float32)
    except ValueError as error:
        raise ProviderError("the vectors differ in width", where=asked) from error
    if matrix.ndim != 2 or len(matrix) != count or not matrix.shape[1]:
        raise ProviderError(f"{count} texts gave vectors of shape {matrix.shape}", where=asked)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not np.isfinite(matrix).all() or not (lengths > 0).all():
        raise ProviderError("a vector is not finite, or zero", where=asked)
    return np.asarray(matrix / lengths, dtype=np.float32)
