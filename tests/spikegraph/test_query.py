"""`spikegraph query` shows whatever a statement gives: tables, rows too wide for one, and pieces of the graph."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cypher.store import Store
from export.write_back import write_back
from ingest.write import remove
from tests.spikegraph.conftest import CommandLine
from tests.support.film_graph import build, results_of


@pytest.fixture
def films(store: Store, dataset_name: str) -> Iterator[str]:
    write_back(store, build(store, dataset_name), results_of(f"{dataset_name}/run", vectors=False))
    yield dataset_name
    remove(store, dataset_name)


def test_a_path_is_read_from_start_to_end(connected: CommandLine, films: str) -> None:
    words = ("query", "item/world", "--param", f"dataset={films}", "--param", f"item={films}/film/alpha")
    said = connected(*words)
    assert said.code == 0, said.err
    assert "Alpha -DIRECTED_BY→ " in said.out
    paths = [row["path"] for row in connected(*words, "--json").document["rows"]]
    assert all(len(path["nodes"]) == len(path["relationships"]) + 1 for path in paths)
    directed = next(p for p in paths if [r["type"] for r in p["relationships"]] == ["DIRECTED_BY"])
    assert directed["relationships"][0]["start"] == f"{films}/film/alpha"
    assert {"Item", "Film"} <= set(directed["nodes"][0]["labels"])
    assert "profile" not in directed["nodes"][0]


def test_a_row_that_is_too_wide_is_a_block(connected: CommandLine, films: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("query", "runs/metrics", "--param", f"dataset={films}")
    monkeypatch.setenv("COLUMNS", "80")
    narrow = connected(*words).out
    assert narrow.splitlines()[0].strip() == "runs/metrics"
    assert f"  run              {films}/run" in narrow
    monkeypatch.setenv("COLUMNS", "250")
    assert "┃" in connected(*words).out


def test_no_rows_say_what_was_asked(connected: CommandLine, films: str) -> None:
    said = connected("query", "user/history", "--param", f"dataset={films}")
    assert "no rows for dataset=" in said.out
    assert "user=demo/user/101" in said.out
    assert connected("query", "user/history", "--param", f"dataset={films}", "--json").document == {"rows": []}
