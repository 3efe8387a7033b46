"""What can be counted in texts alone: how long they are, and how many are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.neighbors import NearestNeighbors

from llm_profiles.contract import WORD_CAPS, Kind, Profile

ALIKE = 0.9
"""Cosine of the word triples of two texts that are nearly the same."""


class Lengths(BaseModel):
    """Words of the profiles of a kind: the shortest, the middle, the longest, and how many go beyond the cap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest: int
    median: int
    longest: int
    over_cap: int


def lengths(profiles: Sequence[Profile], kind: Kind) -> Lengths:
    """Count the words of profiles of one kind, at least one."""
    words = np.array([len(profile.text.split()) for profile in profiles])
    return Lengths(
        shortest=int(words.min()),
        median=int(np.median(words)),
        longest=int(words.max()),
        over_cap=int((words > WORD_CAPS[kind]).sum()),
    )


def same_text(profiles: Sequence[Profile]) -> float:
    """Give the share of profiles whose text another one has too, letter by letter."""
    counts = Counter(profile.hash for profile in profiles)
    return sum(count for count in counts.values() if count > 1) / len(profiles)


def near_duplicates(texts: Sequence[str]) -> float:
    """Give the share of texts that have another one nearly the same among them; quadratic, so it gets a sample."""
    if len(texts) < 2:
        return 0.0
    triples = HashingVectorizer(ngram_range=(3, 3), n_features=2**18, binary=True, alternate_sign=False)
    counts = triples.transform(texts)
    distances, _ = NearestNeighbors(n_neighbors=2, metric="cosine", algorithm="brute").fit(counts).kneighbors(counts)
    return float((distances[:, 1] <= 1 - ALIKE).mean())
