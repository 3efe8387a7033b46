"""Controls: the same model on a snapshot that lacks what is said to help, or has it in the wrong places.

A gain from profiles or triples is knowledge only where it is larger than that of its control: shuffled
vectors and triples bring the same parameters, the same degrees and the same noise. A control changes
what a model is built from, never the interactions, the rows or the keys; a run's snapshot stays its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from export.snapshot import FloatArray, IntArray, Snapshot
from spikegraph.errors import UsageError

NO_CONTROL = "none"

Change = Callable[[Snapshot, torch.Generator], Snapshot]


@dataclass(frozen=True)
class Control:
    """What a control is, in words, and what it does to a snapshot."""

    about: str
    change: Change


def controlled(snapshot: Snapshot, control: str, generator: torch.Generator) -> Snapshot:
    """Give the snapshot as a control has it; `none` gives it as it is.

    Args:
        snapshot: what was exported.
        control: `none`, or a name in `CONTROLS`.
        generator: draws the permutations, on the CPU.

    Raises:
        UsageError: there is no such control.
    """
    require_control(control)
    return snapshot if control == NO_CONTROL else CONTROLS[control].change(snapshot, generator)


def require_control(control: str) -> None:
    """Refuse a control that there is not.

    Raises:
        UsageError: `control` is neither `none` nor in `CONTROLS`.
    """
    if control != NO_CONTROL and control not in CONTROLS:
        names = ", ".join([NO_CONTROL, *CONTROLS])
        raise UsageError(f"there is no control '{control}'", where="control", hint=f"controls: {names}")


def _no_profiles(snapshot: Snapshot, _generator: torch.Generator) -> Snapshot:
    return replace(snapshot, user_profile=None, entity_profile=None)


def _shuffled_profiles(snapshot: Snapshot, generator: torch.Generator) -> Snapshot:
    """Permute the vectors within users, within items and within the other entities."""
    if snapshot.user_profile is None or snapshot.entity_profile is None:
        return snapshot
    items, others = np.split(np.asarray(snapshot.entity_profile), [snapshot.num_items])
    return replace(
        snapshot,
        user_profile=_permuted(np.asarray(snapshot.user_profile), generator),
        entity_profile=np.concatenate([_permuted(items, generator), _permuted(others, generator)]),
    )


def _permuted(rows: FloatArray, generator: torch.Generator) -> FloatArray:
    permuted: FloatArray = rows[torch.randperm(len(rows), generator=generator).numpy()]
    return permuted


def _no_graph(snapshot: Snapshot, _generator: torch.Generator) -> Snapshot:
    return _keep_relations(snapshot, 0)


def _no_similarity(snapshot: Snapshot, _generator: torch.Generator) -> Snapshot:
    return _keep_relations(snapshot, snapshot.num_knowledge_relations)


def _keep_relations(snapshot: Snapshot, count: int) -> Snapshot:
    """Keep the triples of the first `count` relations; the others stay in name, for options may name them."""
    kept = snapshot.edge_type < count
    counts = {**snapshot.manifest.counts, "triples": int(kept.sum())}
    return replace(
        snapshot,
        manifest=snapshot.manifest.model_copy(update={"counts": counts}),
        edge_index=snapshot.edge_index[:, kept],
        edge_type=snapshot.edge_type[kept],
    )


def _shuffled_graph(snapshot: Snapshot, generator: torch.Generator) -> Snapshot:
    return _shuffle_tails(snapshot, range(snapshot.num_relations), generator)


def _shuffled_similarity(snapshot: Snapshot, generator: torch.Generator) -> Snapshot:
    return _shuffle_tails(snapshot, range(snapshot.num_knowledge_relations, snapshot.num_relations), generator)


def _shuffle_tails(snapshot: Snapshot, relations: range, generator: torch.Generator) -> Snapshot:
    """Permute the tails within each relation: every node keeps its degrees, a head and a tail meet by chance."""
    heads, tails = np.array(snapshot.edge_index)
    for relation in relations:
        rows: IntArray = np.flatnonzero(snapshot.edge_type == relation)
        tails[rows] = tails[rows[torch.randperm(len(rows), generator=generator).numpy()]]
    return replace(snapshot, edge_index=np.stack([heads, tails]))


def _no_friends(snapshot: Snapshot, _generator: torch.Generator) -> Snapshot:
    """Keep nobody's friends; that there may be some stays said, for options may ask for them."""
    if snapshot.friends is None:
        return snapshot
    counts = {**snapshot.manifest.counts, "friends": 0}
    manifest = snapshot.manifest.model_copy(update={"counts": counts})
    return replace(snapshot, manifest=manifest, friends=snapshot.friends[:, :0])


def _shuffled_friends(snapshot: Snapshot, generator: torch.Generator) -> Snapshot:
    """Permute the users within the friends: as many links, between others."""
    if snapshot.friends is None:
        return snapshot
    permuted = torch.randperm(snapshot.num_users, generator=generator).numpy()
    return replace(snapshot, friends=permuted[np.asarray(snapshot.friends)])


CONTROLS: Mapping[str, Control] = {
    "no-profiles": Control("without text vectors", _no_profiles),
    "shuffled-profiles": Control(
        "text vectors permuted within users, within items and within other entities", _shuffled_profiles
    ),
    "no-graph": Control("without triples, those of similarity runs included", _no_graph),
    "shuffled-graph": Control(
        "tails permuted within each relation, those of similarity runs included", _shuffled_graph
    ),
    "no-similarity": Control("without the relations of similarity runs", _no_similarity),
    "shuffled-similarity": Control("tails permuted within the relations of similarity runs", _shuffled_similarity),
    "no-friends": Control("without friends", _no_friends),
    "shuffled-friends": Control("the same friendships between users drawn at random", _shuffled_friends),
}
"""The controls by name."""
