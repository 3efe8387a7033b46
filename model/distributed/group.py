"""Training with several processes: torchrun starts them, a `Group` holds them together.

Every process holds the whole model and graph, draws the same random numbers from the same generator, and
computes its share of each batch and its share of the users at evaluation. Without torchrun the group has
one process and every method does nothing but give back what it was given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed
from torch.nn import Parameter

from model.batches import Divisible
from model.interactions import Interactions
from spikegraph.errors import SpikeGraphError

Value = TypeVar("Value")
BatchType = TypeVar("BatchType", bound=Divisible)


@dataclass(frozen=True)
class Group:
    """The processes of one training; this is number `rank` of `size`."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def first(self, action: Callable[[], Value]) -> Value:
        """Do something in the first process only and give what came of it, or raise its error, in all."""
        if self.size == 1:
            return action()
        outcome = [_outcome(action) if self.is_first else None]
        with _company():
            distributed.broadcast_object_list(outcome, src=0)
        value, error = outcome[0] or (None, None)
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # what the action gave

    def gather(self, value: Value) -> list[Value]:
        """Give the values of all processes, in their order, in all of them."""
        if self.size == 1:
            return [value]
        values: list[Value | None] = [None] * self.size
        with _company():
            distributed.all_gather_object(values, value)
        return values  # type: ignore[return-value]  # all are filled in

    def rows(self, count: int) -> slice:
        """Give this process's even share of `count` rows; shares differ by one row at most."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def share(self, batch: BatchType) -> tuple[BatchType, float]:
        """Give this process's share of a batch, and its weight in the mean over the whole batch.

        Where a batch has fewer examples than there are processes, some take an example that is another's,
        with weight 0, so that they take part in the step.
        """
        if self.size == 1:
            return batch, 1.0
        rows = self.rows(batch.examples)
        if rows.start == rows.stop:
            return batch.part(slice(0, 1)), 0.0
        own = batch.part(rows)
        return own, own.terms / batch.terms

    def users_of(self, interactions: Interactions) -> Interactions:
        """Give the pairs of this process's even share of the users who have any."""
        if self.size == 1:
            return interactions
        users = interactions.user_degrees.nonzero().squeeze(1)
        own = torch.isin(interactions.users, users[self.rows(len(users))])
        pairs = interactions.users[own], interactions.items[own]
        return Interactions.from_pairs(*pairs, interactions.num_users, interactions.num_items)

    def add_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace each gradient by its sum over all processes; one that a process has not is zero there."""
        if self.size == 1:
            return
        with _company():
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                distributed.all_reduce(parameter.grad)

    def add(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """Sum named scalars over all processes."""
        if self.size > 1:
            stacked = torch.stack(list(values.values()))
            with _company():
                distributed.all_reduce(stacked)
            values = dict(zip(values, stacked, strict=True))
        return {name: value.item() for name, value in values.items()}

    def agree(self, generator: torch.Generator) -> None:
        """Put the generator of every process where that of the first is."""
        if self.size > 1:
            generator.set_state(self.first(generator.get_state))


ALONE = Group()


@contextmanager
def group_on(device: torch.device) -> Iterator[Group]:
    """Join the processes that torchrun started, if it did; each takes the GPU of its local rank.

    CPU tensors and objects travel by gloo, tensors of a GPU by nccl.
    """
    if not distributed.is_torchelastic_launched():
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not distributed.is_initialized():  # once a process: torchrun's meeting place is not cleared in between
        distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    yield Group(distributed.get_rank(), distributed.get_world_size())


@contextmanager
def _company() -> Iterator[None]:
    """Name the reason where the others are gone."""
    try:
        yield
    except RuntimeError as error:
        raise SpikeGraphError(
            f"another process of this training ended before its time: {error}",
            where=f"process {os.environ.get('RANK', '0')}",
            hint="its own message says why; train --resume goes on from the last whole epoch",
        ) from error


def _outcome(action: Callable[[], Value]) -> tuple[Value | None, Exception | None]:
    try:
        return action(), None
    except Exception as error:
        return None, error
