"""Similarity of items from what is known of them, as edges in the graph. Torch is imported by the function only."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.api.training import export
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.write_back import WriteBackReport

SOURCES: Mapping[str, float] = {"profiles": 1.0, "relations": 1.0}
"""What items are compared by where nothing else is said: their profiles, and the entities they are linked with."""


def similarity(
    settings: Settings,
    name: str,
    sources: Mapping[str, float] = SOURCES,
    *,
    neighbours: int = 20,
    embedding: str = "lsa",
) -> WriteBackReport:
    """Link each item with those that are most alike by profiles and facts, as a run of its own; nothing is trained.

    The run never answers by itself. `export` takes its edges as a relation.

    Args:
        settings: where the graph and the text vectors are.
        name: the data set.
        sources: weight of `profiles`, `relations`, or single relations by their names.
        neighbours: edges of each item.
        embedding: which text vectors of the profiles are compared.
    """
    from export.results import Ranked, Results
    from export.write_back import write_back
    from model.side_information import PROFILES, SideInformation

    with tempfile.TemporaryDirectory() as folder:
        wanted = embedding if sources.get(PROFILES) else "none"
        snapshot = export(settings, name, Path(folder) / "snapshot", embedding=wanted)
        near = SideInformation(snapshot, sources).neighbours(neighbours)
        manifest = snapshot.manifest
        config = {"sources": dict(sources), "neighbours": neighbours, "profile_run": manifest.profile_run}
        results = Results(
            run_id="unnamed",
            model="similarity",
            config=config | {"text_embedding": manifest.text_embedding},
            metrics={},
            snapshot_hash=manifest.content_hash,
            protocol="honest",
            seed=0,
            recommendations=None,
            similar_items=Ranked(*near),
        )
        with connect(settings) as store:
            return write_back(store, snapshot, results.named(name))
