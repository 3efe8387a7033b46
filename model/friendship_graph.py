"""The users who are friends, as a graph of their own."""

from __future__ import annotations

import numpy as np
import torch

from export.snapshot import Snapshot
from model.kernels.adjacency import SymmetricAdjacency
from spikegraph.errors import UsageError


def friendship_graph(snapshot: Snapshot) -> SymmetricAdjacency:
    """Take the friends of a snapshot, as a graph of its users.

    Raises:
        UsageError: it was exported without any.
    """
    if snapshot.friends is None:
        name = snapshot.manifest.dataset
        raise UsageError(
            "the snapshot holds no friends, which model.friends_share asks for",
            where=str(snapshot.folder or name),
            hint=f"spikegraph export {name} --friends",
        )
    return SymmetricAdjacency(torch.from_numpy(np.array(snapshot.friends)), snapshot.num_users)
