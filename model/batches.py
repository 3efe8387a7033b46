"""What one training step learns from, and the samplers that go through all of it once an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor

from model.interactions import Interactions, contains

HASH_FACTOR = -7046029254386353131
"""2⁶⁴ divided by the golden ratio, as a signed number: multiples of it are spread evenly (Knuth)."""
PLACES_A_PAIR = 8
"""At least so many places of the table of hashed pairs, a byte each, for every pair."""


class Batch(NamedTuple):
    """Training triples, int64 [B] each: a user, an item of his, an item that is not."""

    users: Tensor
    positives: Tensor
    negatives: Tensor

    @property
    def examples(self) -> int:
        """B."""
        return len(self.users)

    @property
    def terms(self) -> int:
        """The number of triples."""
        return len(self.users)

    def part(self, rows: slice) -> Batch:
        """Give some of the triples."""
        return Batch(*(tensor[rows] for tensor in self))


class UserBatch(NamedTuple):
    """Users with all their items: int64 `users` [B]; per pair int64 [p] the user's position in it, and the item."""

    users: Tensor
    positions: Tensor
    items: Tensor

    @property
    def examples(self) -> int:
        """B."""
        return len(self.users)

    @property
    def terms(self) -> int:
        """The number of pairs."""
        return len(self.items)

    def part(self, rows: slice) -> UserBatch:
        """Give some of the users, with all their items."""
        ends = torch.tensor([rows.start, rows.stop], device=self.positions.device)
        pairs = slice(*torch.searchsorted(self.positions, ends).tolist())
        return UserBatch(self.users[rows], self.positions[pairs] - rows.start, self.items[pairs])


class Divisible(Protocol):
    """A batch that several processes can share."""

    @property
    def examples(self) -> int:
        """Give how many rows there are to share."""

    @property
    def terms(self) -> int:
        """Give how many terms the loss is a mean over, which is a part's weight in the whole."""

    def part(self, rows: slice) -> Self:
        """Give the examples of these rows, `rows.start` and `rows.stop` within them."""


BatchType = TypeVar("BatchType", covariant=True, bound=Divisible)


class Sampler(Protocol[BatchType]):
    """Gives the batches of an epoch."""

    def __len__(self) -> int:
        """Give the number of examples of an epoch, which batches share."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[BatchType]:
        """Go through all examples in random order; the last batch may be smaller."""


class NegativeSampler:
    """Uniform negatives: items that the user has not, drawn at once and exactly.

    A uniform item is kept unless the user has it; then one is drawn from the others alone, which leaves all others
    equally likely, however dense the user. With his items sorted as p_0 < p_1 < …, the number of others below p_i is
    p_i - i, so the j-th other is j + |{i: p_i - i <= j}|: one binary search. Hardly any pair needs a search: a table
    of hashed pairs tells at once that most drawn items are no positives.
    Users who have every item have no negative and are left out (`trainable`).
    """

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        users = interactions.users
        within = torch.arange(len(users), device=users.device) - interactions.offsets[users]
        self.keys = interactions.keys
        self.others_below = self.keys - within
        self.others = (interactions.num_items - interactions.user_degrees).double()
        self.trainable = (self.others[users] > 0).nonzero().squeeze(1)
        self.bits = (PLACES_A_PAIR * max(len(users), 1)).bit_length()
        self.taken = torch.zeros(2**self.bits, dtype=torch.bool, device=users.device)
        self.taken[self._hashed(self.keys)] = True

    def __len__(self) -> int:
        """Give the number of pairs that have a negative."""
        return len(self.trainable)

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Draw a negative item for each of these users (int64 [n], none of whom has every item): int64 [n]."""
        num_items = self.interactions.num_items
        uniform = torch.rand(len(users), generator=generator, device=users.device, dtype=torch.float64)
        items = uniform.mul_(num_items).long()
        keys = torch.add(items, users, alpha=num_items)
        perhaps = self.taken.index_select(0, self._hashed(keys)).nonzero().squeeze(1)
        positive = perhaps[contains(self.keys, keys.index_select(0, perhaps))]
        items[positive] = self._draw_among_others(users.index_select(0, positive), generator)
        return items

    def _draw_among_others(self, users: Tensor, generator: torch.Generator) -> Tensor:
        uniform = torch.rand(len(users), generator=generator, device=users.device, dtype=torch.float64)
        rank = uniform.mul_(self.others.index_select(0, users)).long()
        wanted = torch.add(rank, users, alpha=self.interactions.num_items)
        place = torch.searchsorted(self.others_below, wanted, right=True)
        return place.add_(rank).sub_(self.interactions.offsets.index_select(0, users))

    def _hashed(self, keys: Tensor) -> Tensor:
        """Give each key's place in the table: the high bits of a product."""
        return keys.mul(HASH_FACTOR).bitwise_right_shift_(64 - self.bits).bitwise_and_(2**self.bits - 1)

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """Go through all pairs in random order, with one fresh negative each; the last batch may be smaller."""
        users, positives = (
            ends.index_select(0, self.trainable) for ends in (self.interactions.users, self.interactions.items)
        )
        negatives = self.draw(users, generator)
        order = torch.randperm(len(self), generator=generator, device=self.trainable.device)
        for rows in torch.split(order, batch_size):
            yield Batch(*(ends.index_select(0, rows) for ends in (users, positives, negatives)))


class UserSampler:
    """Users with all their items, for objectives over all items; users without items, or with all, are left out."""

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        degrees = interactions.user_degrees
        self.trainable = ((degrees > 0) & (degrees < interactions.num_items)).nonzero().squeeze(1)

    def __len__(self) -> int:
        """Give the number of users there is something to learn of."""
        return len(self.trainable)

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[UserBatch]:
        """Go through all users in random order; the last batch may be smaller."""
        order = self.trainable[torch.randperm(len(self), generator=generator, device=self.trainable.device)]
        for users in torch.split(order, batch_size):
            yield UserBatch(users, *self.interactions.of_users(users))
