"""`spikegraph gds …` as a user meets it: what it writes into the graph, exports, and puts beside other runs."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cypher.store import Store
from export.gds import client
from export.snapshot import load_snapshot
from ingest.write import remove
from tests.spikegraph.conftest import CommandLine
from tests.support.graph import run


@pytest.fixture
def films(connected: CommandLine, store: Store, dataset_name: str) -> Iterator[str]:
    assert connected("ingest", "demo", "--name", dataset_name, "--json").code == 0
    yield dataset_name
    remove(store, dataset_name)


def test_similarity_goes_into_the_graph_into_snapshots_and_beside_trained_runs(
    connected: CommandLine, films: str, tmp_path: Path
) -> None:
    words = ("gds", "similarity", films, "--method", "jaccard", "--neighbours", 5, "--json")
    made = connected(*words)
    assert made.code == 0, made.err
    found = made.document
    assert (found["active"], found["options"]["method"]) == (False, "jaccard")
    assert "%" not in made.err

    near = connected("similar", films, "Alien", "--run", found["run_id"], "--json").document["similar"]
    assert 0 < len(near) <= 5
    assert found["run_id"] in near[0]["source"]
    assert connected("similar", films, "Alien", "--run", "nothing", "--json").code == 4

    folder = tmp_path / "s"
    words = ("export", films, "--to", folder, "--similarity", found["run_id"], "--embedding", "none", "--json")
    assert connected(*words).document["relations"][-1] == "SIMILAR_TO"
    snapshot = load_snapshot(folder)
    edges = (snapshot.edge_type == snapshot.num_knowledge_relations).sum()
    assert edges == found["counts"]["similar_items"] > 0

    lists = tmp_path / "runs" / "similar"
    for part in ("valid", "test"):
        words = ("gds", "lists", films, found["run_id"], "--snapshot", folder, "--to", lists, "--part", part, "--json")
        said = connected(*words)
        assert said.code == 0, said.err
        assert said.document["metrics"][part]["recall@20"] > 0
    assert connected("train", folder, "--to", tmp_path / "runs" / "popular", "--model", "popularity").code == 0
    compared = connected("compare", tmp_path / "runs", "--json")
    assert compared.code == 0, compared.err
    assert "gds-jaccard-lists" in compared.out


def test_communities_and_ranks_are_runs_that_can_be_removed(connected: CommandLine, films: str, store: Store) -> None:
    made = connected("gds", "communities", films, "--resolution", 1.5, "--json").document
    ranked = connected("gds", "pagerank", films, "--json").document
    assert made["counts"]["communities"] > 1
    assert made["counts"]["members"] == ranked["counts"]["ranked"]
    listed = {entry["id"]: entry["counts"] for entry in connected("runs", "list", films, "--json").document["runs"]}
    assert listed[made["run_id"]]["members"] == made["counts"]["members"]
    words = ("--run", made["run_id"], "--run", ranked["run_id"])
    assert connected("runs", "prune", films, *words, "--json").document["removed"] == [words[1], words[3]]
    assert connected("runs", "list", films, "--json").document["runs"] == []
    assert not run(store, "MATCH (c:Community {dataset: $name}) RETURN c", name=films)


def test_a_sample_trains(connected: CommandLine, films: str, tmp_path: Path) -> None:
    said = connected("gds", "sample", films, "--to", tmp_path / "part", "--ratio", 0.5, "--json")
    assert said.code == 0, said.err
    assert "ratio 0.5" in said.document["split_rule"]
    words = ("--set", "train.epochs=2", "--set", "model.dimensions=8", "--json")
    trained = connected("train", tmp_path / "part", "--to", tmp_path / "run", "--model", "lightgcn", *words)
    assert trained.code == 0, trained.err
    assert trained.document["split_id"] == said.document["split_id"]


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("similarity", "--method", "guess"), "--method"),
        (("similarity", "--neighbours", 0), "--neighbours"),
        (("sample", "--to", "part", "--ratio", 2), "--ratio"),
        (("communities", "--method", "spectral"), "--method"),
        (("pagerank", "--damping", 1), "--damping"),
    ],
)
def test_wrong_options_are_named_as_they_are_typed(connected: CommandLine, words: tuple[Any, ...], where: str) -> None:
    said = connected("gds", words[0], "demo", *words[1:], "--json")
    assert (said.code, said.document["error"]["where"]) == (2, where)


def test_what_is_missing_is_said_with_what_to_do(connected: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(client, "FUNCTION", "gds.of_another_server")
        said = connected("gds", "pagerank", "demo", "--json")
    assert (said.code, said.document["error"]["kind"]) == (4, "database")
    assert "plugin" in said.document["error"]["message"]
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "graphdatascience":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    said = connected("gds", "pagerank", "demo", "--json")
    assert (said.code, "'.[gds]'" in said.document["error"]["hint"]) == (2, True)
