"""Text vectors of a profile set: made once per text, found again by profile hash."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from llm_profiles.profile_store import load_set
from llm_profiles.vector_store import SOURCE, FloatArray, add_vectors, list_embeddings, missing
from spikegraph.errors import DataError, ProviderError, UsageError
from spikegraph.logs import get_logger
from spikegraph.settings import LlmSettings

EMBEDDINGS = ("lsa", "minilm", SOURCE)
"""Those with a name of their own; all others are `provider:name`."""

DIMENSIONS = 128

KEPT_AT_ONCE = 4096
"""A provider's vectors are kept after so many: an interruption loses no more of what was paid for."""

log = get_logger(__name__)


class EmbeddingReport(BaseModel):
    """What embedding a profile set did.

    Attributes:
        name: of the vectors, for `vectors` (`lsa-128-0a1b2c3d4e5f`, `minilm`, `source`).
        vectors: distinct profiles of the set, each of which has a vector now.
        new: those that were embedded by this call.
        seconds: how long it took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    vectors: int
    new: int
    seconds: float


def embed(
    home: Path,
    dataset: str,
    set_name: str,
    embedding: str = "lsa",
    dimensions: int = DIMENSIONS,
    settings: LlmSettings | None = None,
) -> EmbeddingReport:
    """Make the text vectors of a profile set that are not there yet.

    An `lsa` fit belongs to its corpus, the set's texts, and is named by it. `minilm` embeds each text by
    itself, so sets share vectors, and so do providers (`openai:text-embedding-3-small`). `source` vectors came with
    the data and are only looked for.

    Args:
        home: folder of all profile sets.
        dataset: name of the data set.
        set_name: the profile set.
        embedding: `lsa`, `minilm`, `source` or `provider:name`.
        dimensions: D of `lsa`; the others have their own.
        settings: key and address of a provider.

    Raises:
        NotFoundError: there is no such profile set.
        UsageError: there is no such embedding, or no such width.
        MissingExtraError: `minilm`, or the provider's package, is not installed.
        ProviderError: the provider does not answer; what it gave before is kept.
        DataError: the set has no texts.
    """
    started = time.perf_counter()
    if (embedding not in EMBEDDINGS and ":" not in embedding) or dimensions < 1:
        hint = f"one of {', '.join(EMBEDDINGS)}, provider:name"
        raise UsageError(f"there is no embedding '{embedding}' of {dimensions}", hint=hint)
    _, profiles = load_set(home, dataset, set_name)
    text_of = {profile.hash: profile.text for profile in profiles}
    hashes = sorted(text_of)
    if embedding == SOURCE:
        return _from_source(home, dataset, hashes)
    if not hashes or not all(text_of.values()):
        raise DataError("the profile set has no texts to embed", where=set_name, hint="--embedding source")
    name = _name(embedding, hashes, dimensions, settings or LlmSettings())
    new = missing(home, dataset, name, hashes)
    texts = [text_of[found] for found in new]
    done = 0
    for part in _embedded(embedding, texts, dimensions, settings or LlmSettings()):
        add_vectors(home, dataset, name, new[done : done + len(part)], part)
        done += len(part)
    seconds = time.perf_counter() - started
    log.info("text vectors are there", dataset=dataset, embedding=name, vectors=len(hashes), new=len(new))
    return EmbeddingReport(name=name, vectors=len(hashes), new=len(new), seconds=seconds)


def _name(embedding: str, hashes: list[str], dimensions: int, settings: LlmSettings) -> str:
    from llm_profiles.embeddings import lsa, minilm, provider

    if ":" in embedding:
        return provider.name(embedding, settings)
    return lsa.name(hashes, dimensions) if embedding == "lsa" else minilm.NAME


def _embedded(embedding: str, texts: list[str], dimensions: int, settings: LlmSettings) -> Iterator[FloatArray]:
    """Give vectors part by part, each of which is kept before the next is made."""
    from llm_profiles.embeddings import lsa, minilm, provider

    if not texts:
        return
    if ":" in embedding:
        yield from _gathered(provider.embed(texts, embedding, settings))
    else:
        yield lsa.embed(texts, dimensions) if embedding == "lsa" else minilm.embed(texts)


def _gathered(parts: Iterator[FloatArray]) -> Iterator[FloatArray]:
    """Join parts to some thousands of rows: keeping vectors writes their file anew.

    Parts that were paid for are given out before an error, too.
    """
    waiting: list[FloatArray] = []
    try:
        for part in parts:
            waiting.append(part)
            if sum(map(len, waiting)) >= KEPT_AT_ONCE:
                yield np.concatenate(waiting)
                waiting = []
    except ProviderError:
        if waiting:
            yield np.concatenate(waiting)
        raise
    if waiting:
        yield np.concatenate(waiting)


def _from_source(home: Path, dataset: str, hashes: list[str]) -> EmbeddingReport:
    if SOURCE not in list_embeddings(home, dataset) or missing(home, dataset, SOURCE, hashes):
        raise DataError("the profile set did not come with vectors", where=dataset, hint="--embedding lsa")
    return EmbeddingReport(name=SOURCE, vectors=len(hashes), new=0, seconds=0.0)
