from __future__ import annotations

from cypher.store import Store
from export.write_back import write_back
from tests.spikegraph.conftest import CommandLine
from tests.support.film_graph import build, results_of


def test_runs_are_shown_and_compared(connected: CommandLine, store: Store, dataset_name: str) -> None:
    snapshot, (run, other) = build(store, dataset_name), (f"{dataset_name}/run", f"{dataset_name}/other")
    write_back(store, snapshot, results_of(other, {"ann": ("Delta", "Zeta")}, vectors=False))
    write_back(store, snapshot, results_of(run, vectors=False))

    shown = connected("runs", "show", dataset_name, run, "--json").document
    assert (shown["id"], shown["active"], shown["counts"]["recommended"]) == (run, True, 6)
    said = connected("runs", "show", dataset_name, run).out
    assert "by-hand" in said
    assert "recall@20" in said

    found = connected("runs", "diff", dataset_name, run, other, "--k", 2, "--json").document
    assert (found["k"], found["overlap"], found["users_only"]) == (2, 0.5, [2, 0])
    assert found["run"]["id"] == run
    said = connected("runs", "diff", dataset_name, run, other, "--k", 2).out
    assert "overlap@2" in said
    assert "Zeta" in said

    unknown = connected("runs", "show", dataset_name, "nothing", "--json")
    assert unknown.code == 4
    assert run in unknown.document["error"]["hint"]
