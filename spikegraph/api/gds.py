"""What the Graph Data Science library finds in the graph. Its client is imported inside the functions."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.compare import Part
from spikegraph.api.connection import connect
from spikegraph.api.training import export
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.gds.communities import CommunityOptions
    from export.gds.node_run import NodeRunReport
    from export.gds.pagerank import PageRankOptions
    from export.gds.sample import SampleOptions
    from export.gds.similarity import SimilarityOptions
    from export.snapshot import Snapshot
    from export.write_back import WriteBackReport
    from model.runs.run_folder import RunRecord


def gds_similarity(settings: Settings, name: str, options: SimilarityOptions) -> WriteBackReport:
    """Link each item with those that are most alike in the graph, as a run of its own.

    The run never answers by itself. `export` takes its edges as a relation, `similar_lists` makes lists of them.

    Args:
        settings: where the graph is.
        name: the data set.
        options: what is compared, and how.
    """
    from export.gds import client
    from export.gds.similarity import similarity
    from export.read_graph import export_snapshot
    from export.write_back import write_back

    with connect(settings) as store, tempfile.TemporaryDirectory() as folder:
        gds = client.connect(store)
        snapshot = export_snapshot(store, name, Path(folder) / "snapshot")
        return write_back(store, snapshot, similarity(store, gds, snapshot, options))


def gds_communities(settings: Settings, name: str, options: CommunityOptions) -> NodeRunReport:
    """Find communities of users and items, as a run: nodes that their members are linked with."""
    from export.gds import client
    from export.gds.communities import communities

    with connect(settings) as store:
        return communities(store, client.connect(store), name, options)


def gds_pagerank(settings: Settings, name: str, options: PageRankOptions) -> NodeRunReport:
    """Find the PageRank of each node, as a run: `pagerank` on the nodes, of which the newest stays."""
    from export.gds import client
    from export.gds.pagerank import pagerank

    with connect(settings) as store:
        return pagerank(store, client.connect(store), name, options)


def gds_sample(
    settings: Settings, name: str, folder: Path, options: SampleOptions, *, embedding: str = "none"
) -> Snapshot:
    """Export a part of a data set that random walks reach, as a snapshot.

    Args:
        settings: where the graph and the text vectors are.
        name: the data set.
        folder: where the snapshot goes.
        options: what part is taken.
        embedding: which text vectors of the profiles go along; 'none' for a snapshot without.
    """
    from export.gds import client
    from export.gds.sample import sample

    with connect(settings) as store, tempfile.TemporaryDirectory() as whole:
        gds = client.connect(store)
        snapshot = export(settings, name, Path(whole) / "snapshot", embedding=embedding)
        return sample(store, gds, snapshot, options).save(folder)


def similar_lists(
    settings: Settings, name: str, run: str, snapshot: Path, folder: Path, *, part: Part = "valid"
) -> RunRecord:
    """Make a run folder of lists from a run's similar items: the sum of similarities to the user's train items.

    Args:
        settings: where the graph is.
        name: the data set.
        run: the run in the graph whose edges are taken; GDS need not have made them.
        snapshot: whose users, items and held-out part they are measured on.
        folder: the run folder; new, or one of this run and snapshot that gets another part.
        part: what the lists are for; 'test' is noted as a reading of test.
    """
    from export import runs
    from export.gds.item_lists import item_lists
    from export.snapshot import load_snapshot
    from model.runs.import_lists import import_lists
    from model.types import CUTOFFS

    found = load_snapshot(snapshot)
    if found.manifest.dataset != name:
        raise UsageError(f"is a snapshot of '{found.manifest.dataset}', not of '{name}'", where=str(snapshot))
    with connect(settings) as store, tempfile.TemporaryDirectory() as place:
        model = runs.show(store, name, run).model
        file = Path(place) / "lists.parquet"
        item_lists(store, found, run, part, max(CUTOFFS)).to_parquet(file, index=False)
        return import_lists(found, file, folder, name=f"{model}-lists", part=part)
