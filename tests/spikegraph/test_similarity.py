"""`spikegraph similarity`: edges between items that are alike, and their way into a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cypher.store import Store
from export.snapshot import load_snapshot
from ingest.write import remove
from tests.spikegraph.conftest import CommandLine


@pytest.fixture
def films(connected: CommandLine, store: Store, dataset_name: str) -> Iterator[str]:
    assert connected("ingest", "demo", "--name", dataset_name, "--json").code == 0
    yield dataset_name
    remove(store, dataset_name)


def test_items_are_linked_by_facts_and_the_links_exported(connected: CommandLine, films: str, tmp_path: Path) -> None:
    made = connected("similarity", films, "--source", "HAS_GENRE=1", "--neighbours", 4, "--json").document
    assert made["active"] is False
    assert made["counts"]["recommended"] == 0
    again = connected("similarity", films, "--source", "HAS_GENRE=1", "--neighbours", 4, "--json").document
    assert (again["run_id"], again["unchanged"]) == (made["run_id"], True)

    exported = connected(
        "export", films, "--to", tmp_path / "s", "--similarity", made["run_id"], "--embedding", "none", "--json"
    )
    assert exported.document["relations"][-1] == "SIMILAR_TO"
    snapshot = load_snapshot(tmp_path / "s")
    edges = snapshot.edge_index[:, snapshot.edge_type == snapshot.num_knowledge_relations]
    assert edges.shape[1] == made["counts"]["similar_items"]
    genre = snapshot.manifest.relations.index("HAS_GENRE")
    genres: dict[int, set[int]] = {}
    for head, tail in snapshot.edge_index[:, snapshot.edge_type == genre].T.tolist():
        genres.setdefault(head, set()).add(tail)
    assert all(genres[head] & genres[tail] for head, tail in edges.T.tolist())


def test_wrong_sources_are_named(connected: CommandLine, films: str) -> None:
    unknown = connected("similarity", films, "--source", "HAS_MOOD=1", "--json")
    assert (unknown.code, unknown.document["error"]["where"]) == (2, "sources")
    assert "HAS_GENRE" in unknown.document["error"]["hint"]
    no_number = connected("similarity", films, "--source", "HAS_GENRE=much", "--json")
    assert (no_number.code, no_number.document["error"]["where"]) == (2, "--source")


def test_profiles_are_compared_only_where_there_are_some(connected: CommandLine, films: str) -> None:
    said = connected("similarity", films, "--json")
    assert said.code == 4
    assert f"spikegraph profile template {films}" in said.document["error"]["hint"]
