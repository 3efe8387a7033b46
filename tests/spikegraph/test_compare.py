"""`spikegraph compare` and `import-lists` as a user meets them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from export.snapshot import load_snapshot
from tests.spikegraph.conftest import CommandLine
from tests.support.runs import small_runs


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    small_runs(folder)
    return folder


def test_a_person_gets_tables_notes_and_a_report(spikegraph: CommandLine, home: Path, tmp_path: Path) -> None:
    said = spikegraph("compare", home / "runs", "--to", tmp_path / "out")
    assert said.code == 0, said.err
    for text in ("paired tests on valid", "lightgcn recommended", "split      seed-0", "lists of 20", "report.html"):
        assert text in said.out
    assert "flatters its lead" in said.out
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert f"    spikegraph compare {home / 'runs'} --to {tmp_path / 'out'}\n" in text


def test_a_program_gets_one_document(spikegraph: CommandLine, home: Path) -> None:
    words = ("--part", "test", "--metric", "ndcg@10", "--at", "10", "--label", f"{home / 'runs' / 'ease-0'}=linear")
    said = spikegraph("compare", home / "runs", *words, "--against", "linear", "--json")
    assert said.code == 0, said.err
    found = said.document
    assert (found["dataset"], found["split_id"], found["protocol"], found["part"]) == (
        "random",
        "seed-0",
        "honest",
        "test",
    )
    assert {pair["against"] for pair in found["pairs"]} == {"linear"}
    assert {score["metric"] for score in found["scores"]} == {"ndcg@10"}
    assert found["report"] is None


def test_the_command_in_the_report_repeats_it(spikegraph: CommandLine, home: Path, tmp_path: Path) -> None:
    label = f"{home / 'runs' / 'ease-0'}=EASE, λ = 200"
    words = ["--metric", "ndcg@20", "--label", label, "--at", "40", "--against", "EASE, λ = 200"]
    words += ["--to", str(tmp_path / "out")]
    assert spikegraph("compare", home / "runs", *words).code == 0
    first = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    (line,) = [line for line in first.splitlines() if line.startswith("    spikegraph compare ")]
    (tmp_path / "out" / "results.md").unlink()
    assert spikegraph(*shlex.split(line)[1:]).code == 0
    assert (tmp_path / "out" / "results.md").read_text(encoding="utf-8") == first


def test_lists_from_elsewhere_stand_beside_the_rest(spikegraph: CommandLine, home: Path, tmp_path: Path) -> None:
    pairs = load_snapshot(home / "snapshot").interactions["valid"].T
    lines = [f"random/user/{user},random/entity/{item},1" for user, item in pairs[:15]]
    (tmp_path / "lists.csv").write_text("\n".join(["user,item,rank", *lines]) + "\n", encoding="utf-8")
    words = ("import-lists", home / "snapshot", tmp_path / "lists.csv", "--label", "theirs")
    said = spikegraph(*words, "--to", tmp_path / "theirs", "--json")
    assert said.code == 0, said.err
    assert said.document["metrics"]["valid"]["recall@20"] == 0.5
    found = spikegraph("compare", home / "runs", tmp_path / "theirs", "--json").document
    assert "theirs imported" in {group["label"] for group in found["groups"]}
    bad = spikegraph(*words[:3], "--label", "x", "--to", tmp_path / "x", "--part", "train", "--json")
    assert bad.code == 2
    assert "no part 'train'" in bad.document["error"]["message"]


def test_runs_of_two_splits_leave_with_2(spikegraph: CommandLine, home: Path, tmp_path: Path) -> None:
    small_runs(tmp_path, final=False, seed=5)
    said = spikegraph("compare", home / "runs", tmp_path / "runs", "--json")
    assert said.code == 2
    assert "different splits" in said.document["error"]["message"]
    assert "seed-5" in said.document["error"]["message"]
