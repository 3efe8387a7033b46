"""`lsa`: TF-IDF and a truncated SVD. Needs no model; it is fitted on the corpus that it embeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from llm_profiles.vector_store import FloatArray
from spikegraph.errors import DataError

SEED = 0
"""Of the randomised SVD. The vectors belong to the corpus, so the seed is part of the embedding."""

MAX_FEATURES = 30_000
SMALL_CORPUS = 50
"""Below so many texts, words that stand in one text only count too."""


def name(hashes: Sequence[str], dimensions: int) -> str:
    """Give the name of the vectors of one corpus: `lsa-128-0a1b2c3d4e5f`."""
    corpus = hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()
    return f"lsa-{dimensions}-{corpus[:12]}"


def embed(texts: Sequence[str], dimensions: int) -> FloatArray:
    """Embed texts: the same texts in the same order always give the same vectors.

    Single words and pairs of words, sublinear term frequency, then a truncated SVD, rows of length 1.

    Args:
        texts: the corpus.
        dimensions: D; fewer where the corpus is too small for so many.

    Returns:
        float32 [n, D].

    Raises:
        DataError: the texts hold no words.
    """
    vectorizer = TfidfVectorizer(
        sublinear_tf=True,
        min_df=2 if len(texts) >= SMALL_CORPUS else 1,
        ngram_range=(1, 2),
        max_features=MAX_FEATURES,
        dtype=np.float32,
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise DataError(f"the profiles cannot be embedded: {error}", where="lsa") from error
    width = min(dimensions, *counts.shape)
    reduced = TruncatedSVD(width, n_iter=4, random_state=SEED).fit_transform(counts)
    return np.asarray(normalize(reduced), dtype=np.float32)
