"""The vocabulary of the model room: what shapes and names mean everywhere in it.

U users, V items, E entities (items first), N = U + E nodes, R canonical relations, d embedding size,
D size of the profile text vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

Protocol = Literal["honest"]
"""`honest`: everything is chosen on validation, then refitted on train + validation, test read once."""

DeviceName = Literal["auto", "cpu", "cuda"]

Losses = Mapping[str, Tensor]
"""The named parts of an objective, each a scalar; their sum is what is minimised."""

CUTOFFS = (10, 20, 40)
"""List lengths that metrics are given for."""

SELECTION_METRIC = "recall@20"
"""The validation metric that epochs and configurations are chosen by."""


class Embeddings(NamedTuple):
    """What a model is after training: the score of user u and item i is `users[u] · items[i]`."""

    users: Tensor
    """[U, d], dense or CSR"""
    items: Tensor
    """[V, d], dense, or CSC where the users are CSR"""


class Ranking(NamedTuple):
    """Best rows first, one list per query row."""

    rows: npt.NDArray[np.int64]
    """[n, k]; -1 where a list has fewer than k rows."""
    scores: npt.NDArray[np.float32]
    """[n, k]; -inf where `rows` is -1."""
