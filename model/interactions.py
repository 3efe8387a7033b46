"""User-item pairs as sorted tensors, the form that masks, samplers and products all want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from export.snapshot import Snapshot, Split


@dataclass(frozen=True, eq=False)
class Interactions:
    """Distinct pairs sorted by user, then item.

    Attributes:
        users: int64 [n].
        items: int64 [n].
        offsets: int64 [U + 1]; the pairs of user u are `offsets[u]:offsets[u + 1]`.
        num_users: U.
        num_items: V.
    """

    users: Tensor
    items: Tensor
    offsets: Tensor
    num_users: int
    num_items: int

    @classmethod
    def from_pairs(cls, users: Tensor, items: Tensor, num_users: int, num_items: int) -> Interactions:
        """Sort the pairs and drop repeated ones."""
        keys = torch.unique(users.long() * num_items + items.long())
        users = keys // num_items
        counts = torch.bincount(users, minlength=num_users)
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return cls(users, keys - users * num_items, offsets, num_users, num_items)

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot, splits: Sequence[Split]) -> Interactions:
        """Take the pairs of these splits together."""
        pairs = torch.from_numpy(np.concatenate([snapshot.interactions[split] for split in splits], axis=1))
        return cls.from_pairs(pairs[0], pairs[1], snapshot.num_users, snapshot.num_items)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def keys(self) -> Tensor:
        """One sorted integer per pair, `user * V + item`: int64 [n]."""
        return self.users * self.num_items + self.items

    @property
    def user_degrees(self) -> Tensor:
        """Items per user: int64 [U]."""
        return self.offsets.diff()

    @property
    def item_degrees(self) -> Tensor:
        """Users per item: int64 [V]."""
        return torch.bincount(self.items, minlength=self.num_items)

    def of_users(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Give the pairs of these users (int64 [n]): their positions in `users` and the items, both int64 [m]."""
        first, degrees = self.offsets[users], self.user_degrees[users]
        position = torch.repeat_interleave(torch.arange(len(users), device=users.device), degrees)
        within = torch.arange(len(position), device=users.device) - (degrees.cumsum(0) - degrees)[position]
        return position, self.items[first[position] + within]

    def to(self, device: torch.device) -> Interactions:
        """Give the same pairs on a device."""
        users, items, offsets = (tensor.to(device) for tensor in (self.users, self.items, self.offsets))
        return Interactions(users, items, offsets, self.num_users, self.num_items)


def contains(sorted_keys: Tensor, keys: Tensor) -> Tensor:
    """Tell which `keys` (any shape) are among `sorted_keys` [n]: bool of the shape of `keys`."""
    if len(sorted_keys) == 0:
        return torch.zeros_like(keys, dtype=torch.bool)
    position = torch.searchsorted(sorted_keys, keys).clamp_(max=len(sorted_keys) - 1)
    return sorted_keys[position] == keys
