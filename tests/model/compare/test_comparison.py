"""Comparing run folders: which runs are one group, what is refused, and the figures against the folders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from export.snapshot import Snapshot, load_snapshot
from model.compare.comparison import Comparison, compare
from model.compare.tables import control_table
from model.runs.run_folder import RunFolder, RunRecord
from model.train import train
from spikegraph.errors import DataError, UsageError
from tests.support.runs import small_runs
from tests.support.snapshots import random_snapshot

DRAWS = 500


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    small_runs(folder)
    return folder


@pytest.fixture
def runs(home: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    shutil.copytree(home / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def change(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    record = RunFolder(run).read().model_dump()
    edit(record)
    RunFolder(run).write(RunRecord.model_validate(record))


def score(found: Comparison, label: str, metric: str = "recall@20") -> float:
    return next(each.mean for each in found.scores if (each.label, each.metric) == (label, metric))


def test_seeds_are_one_group_with_mean_and_deviation(home: Path) -> None:
    found = compare([home / "runs"], draws=DRAWS)
    assert {group.label: group.seeds for group in found.groups} == {
        "popularity recommended": (0,),
        "ease recommended": (0,),
        "lightgcn recommended": (0, 1),
    }
    means = [RunFolder(home / "runs" / f"lightgcn-{seed}").read().metrics["valid"]["recall@20"] for seed in (0, 1)]
    (its,) = [each for each in found.scores if each.label == "lightgcn recommended" and each.metric == "recall@20"]
    assert its.mean == pytest.approx(np.mean(means))
    assert its.deviation == pytest.approx(np.std(means, ddof=1))
    assert its.low <= its.mean <= its.high
    assert [group.label for group in found.groups] == sorted(
        (group.label for group in found.groups), key=lambda label: -score(found, label)
    )


def test_tests_pair_the_users_seeds_averaged_first(home: Path) -> None:
    found = compare([home / "runs"], against="ease recommended", draws=DRAWS)
    frames = [RunFolder(home / "runs" / f"lightgcn-{seed}").per_user("valid") for seed in (0, 1)]
    ours = np.mean([frame["ndcg@20"] for frame in frames], axis=0)
    theirs = RunFolder(home / "runs" / "ease-0").per_user("valid")["ndcg@20"].to_numpy()
    (pair,) = [each for each in found.pairs if each.label == "lightgcn recommended" and each.metric == "ndcg@20"]
    assert pair.difference == pytest.approx((ours - theirs).mean())
    assert pair.t == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)
    assert pair.t_holm is not None
    assert pair.t_holm >= (pair.t or 0)
    assert pair.low <= pair.difference <= pair.high
    assert pair.wins + pair.ties + pair.losses == found.users
    assert pair.seeds_low is not None, "two seeds against a closed form say something of seeds"


def test_users_are_paired_by_key_whatever_their_order(runs: Path) -> None:
    before = compare([runs], against="ease recommended", draws=DRAWS)
    folder = RunFolder(runs / "ease-0")
    folder.write_per_user("valid", folder.per_user("valid").iloc[::-1])
    after = compare([runs], against="ease recommended", draws=DRAWS)
    for one, other in zip(before.pairs, after.pairs, strict=True):
        assert (one.wins, one.ties, one.losses) == (other.wins, other.ties, other.losses)
        assert one.difference == pytest.approx(other.difference)


def test_the_best_on_validation_is_tested_against_all_others_on_test_too(home: Path) -> None:
    valid, test = (compare([home / "runs"], part=part, draws=DRAWS) for part in ("valid", "test"))
    best = valid.groups[0].label
    assert {pair.label for pair in test.pairs} == {best}
    assert {pair.against for pair in test.pairs} == {group.label for group in valid.groups} - {best}
    assert test.part == "test"


def test_the_same_comparison_comes_out_the_same(home: Path) -> None:
    one, two = (compare([home / "runs"], draws=DRAWS).document() for _ in range(2))
    assert one == two
    assert "curves" not in one


def test_groups_of_users_and_items_add_up(home: Path) -> None:
    found = compare([home / "runs"], draws=DRAWS, cutoff=10, metrics=["recall@10"])
    for table in found.buckets:
        assert sum(row.pairs for row in table.rows) == 30, table.title
        if table.kind != "users":
            assert sum(row.members for row in table.rows) == 40
        for group in found.groups:
            # One held-out item each, so that the mean over users is the mean over pairs.
            whole = sum((row.values[group.label] or 0) * row.pairs for row in table.rows) / 30
            assert whole == pytest.approx(score(found, group.label, "recall@10"))


def test_popularity_shows_little_and_what_everybody_knows(home: Path) -> None:
    its = {each.label: each for each in compare([home / "runs"], draws=DRAWS, cutoff=10).lists}
    one, other = its["popularity recommended"], its["lightgcn recommended"]
    assert one.coverage < other.coverage
    assert one.gini > other.gini
    assert one.popularity > other.popularity
    assert one.novelty < other.novelty


def test_runs_of_other_options_are_told_apart_and_can_be_named(runs: Path, home: Path) -> None:
    snapshot = load_snapshot(home / "snapshot")
    train(snapshot, runs / "ease-9", model="ease", model_config={"regularisation": 9}, device="cpu")
    names = {group.label for group in compare([runs], draws=DRAWS).groups}
    assert {"ease recommended (regularisation=9)", "ease recommended (regularisation=200)"} <= names
    labels = {runs / "ease-9": "nine", runs / "lightgcn-1": "graph"}
    found = compare([runs], labels=labels, against="nine", draws=DRAWS)
    assert {"nine", "graph", "ease recommended (regularisation=200)"} <= {group.label for group in found.groups}
    assert {pair.against for pair in found.pairs} == {"nine"}


def test_controls_are_groups_of_their_own(runs: Path) -> None:
    change(runs / "lightgcn-1", lambda record: record["identity"].update(control="shuffled-profiles", seed=0))
    found = compare([runs], against="popularity recommended", draws=DRAWS)
    control = "lightgcn recommended [shuffled profiles]"
    assert control in {group.label for group in found.groups}
    own = [(pair.label, pair.against) for pair in found.pairs if pair.control]
    assert own == [("lightgcn recommended", control)] * 2, "a model is tested against its own control, unasked"
    table = control_table(found)
    assert [row[:3] for row in table.rows] == [("lightgcn recommended", control, m) for m in ("recall@20", "ndcg@20")]
    again = compare([runs], against=control, draws=DRAWS)
    assert not any(pair.control for pair in again.pairs), "no test is counted twice"


@pytest.mark.parametrize(
    ("what", "edit"),
    [
        ("data set", lambda record: record.update(dataset="other")),
        ("split", lambda record: record.update(split_id="other")),
    ],
)
def test_runs_that_must_not_share_a_table_are_refused(
    what: str, edit: Callable[[dict[str, Any]], None], runs: Path
) -> None:
    change(runs / "lightgcn-1", edit)
    with pytest.raises(UsageError, match=f"different {what}s") as caught:
        compare([runs])
    assert "ease-0" in caught.value.message
    assert "lightgcn-1" in caught.value.message


def test_test_is_never_read_here(runs: Path) -> None:
    change(runs / "ease-0", lambda record: record["metrics"].pop("test"))
    with pytest.raises(UsageError, match=r"no metrics of test yet: .*ease-0") as caught:
        compare([runs], part="test")
    assert "--final" in str(caught.value.hint)


def test_wrong_words_are_refused_with_the_right_ones(runs: Path, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"against": "nobody"}, "no group 'nobody'", "'ease recommended'"),
        ({"metrics": ["recall@7"]}, "no metric recall@7", "recall@20"),
        ({"cutoff": 7}, "lists of 7", "20"),
        ({"part": "train"}, "no part 'train'", "valid or test"),
        ({"labels": {runs / "ease-0": " "}}, "an empty label", ""),
        ({"labels": {tmp_path: "x"}}, "not among the runs", ""),
        ({"labels": {runs / "lightgcn-0": "a", runs / "lightgcn-1": "b"}}, "two labels: a and b", ""),
        ({"labels": {runs / "lightgcn-0": "a", runs / "ease-0": "a"}}, "two groups are called 'a'", "--label"),
    ]
    for options, message, hint in cases:
        with pytest.raises(UsageError, match=message) as caught:
            compare([runs], draws=DRAWS, **options)
        assert hint in (caught.value.hint or "")


def test_folders_that_are_no_runs_unfinished_or_twice_are_refused(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no run folder and holds none"):
        compare([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="given twice"):
        compare([runs, runs / "ease-0"])
    shutil.copytree(runs / "ease-0", tmp_path / "copy")
    with pytest.raises(UsageError, match="is the same run as"):
        compare([runs, tmp_path / "copy"])
    change(runs / "ease-0", lambda record: record.update(state="training"))
    with pytest.raises(UsageError, match="not trained to its end"):
        compare([runs])


def test_runs_measured_on_other_users_are_refused(runs: Path) -> None:
    folder = RunFolder(runs / "popularity-0")
    folder.write_per_user("valid", folder.per_user("valid").iloc[1:])
    with pytest.raises(UsageError, match="29 users"):
        compare([runs])


def test_a_run_without_lists_is_named_and_left_out_of_what_needs_them(runs: Path) -> None:
    (runs / "ease-0" / "lists_valid.npz").unlink()
    found = compare([runs], draws=DRAWS)
    assert any("keep no ranked lists" in note and "ease-0" in note for note in found.notes)
    assert "ease recommended" not in {each.label for each in found.lists}
    assert score(found, "ease recommended") > 0


def test_a_snapshot_that_has_gone_is_named_and_can_be_given(home: Path, runs: Path, tmp_path: Path) -> None:
    for run in runs.iterdir():
        change(run, lambda record: record.update(snapshot_folder=str(tmp_path / "gone")))
    found = compare([runs], draws=DRAWS)
    assert found.buckets == ()
    assert any("--snapshot" in note for note in found.notes)
    assert compare([runs], snapshots=[home / "snapshot"], draws=DRAWS).buckets
    with pytest.raises(DataError, match="is not a snapshot"):
        compare([runs], snapshots=[tmp_path], draws=DRAWS)


def shuffled_rows(snapshot: Snapshot) -> Snapshot:
    """The same users, items and pairs with the rows of items reversed: another export of one graph."""
    last = snapshot.num_items - 1
    entities = snapshot.entities.copy()
    entities.iloc[: snapshot.num_items] = entities.iloc[: snapshot.num_items].to_numpy()[::-1]
    interactions = {}
    for split, pairs in snapshot.interactions.items():
        turned = np.stack([pairs[0], last - pairs[1]])
        interactions[split] = turned[:, np.lexsort(turned[::-1])]
    empty = np.zeros((2, 0), dtype=np.int64), np.zeros(0, dtype=np.int64)
    counts = {**snapshot.manifest.counts, "triples": 0}
    manifest = snapshot.manifest.model_copy(update={"counts": counts})
    return replace(
        snapshot,
        entities=entities,
        interactions=interactions,
        edge_index=empty[0],
        edge_type=empty[1],
        entity_profile=None,
        user_profile=None,
        manifest=manifest,
    )


def test_snapshots_of_one_split_are_paired_by_key(runs: Path, tmp_path: Path) -> None:
    other = shuffled_rows(random_snapshot()).save(tmp_path / "other")
    train(other, runs / "ease-other", model="ease", device="cpu")
    found = compare([runs], draws=DRAWS)
    twins = [group.label for group in found.groups if group.model == "ease"]
    assert len(twins) == 2
    assert all("snapshot=" in label for label in twins)
    assert score(found, twins[0]) == pytest.approx(score(found, twins[1]))
    for table in found.buckets:
        for row in table.rows:
            assert row.values[twins[0]] == pytest.approx(row.values[twins[1]])


def test_what_profiles_had_seen_is_said(runs: Path) -> None:
    change(runs / "ease-0", lambda record: record.update(profile_exposed_to=("train", "valid")))
    found = compare([runs], draws=DRAWS)
    assert any("had seen the valid part" in note and "ease" in note for note in found.notes)
    assert not any("had seen" in note for note in compare([runs], part="test", draws=DRAWS).notes)


def test_repeated_readings_of_test_are_said(runs: Path) -> None:
    change(runs / "ease-0", lambda record: record.update(test_readings=record["test_readings"] * 2))
    found = compare([runs], part="test", draws=DRAWS)
    assert any("read more than once" in note and "ease-0" in note for note in found.notes)


def test_a_single_run_is_shown_without_tests(home: Path) -> None:
    found = compare([home / "runs" / "lightgcn-0"], draws=DRAWS)
    assert found.pairs == ()
    assert found.scores[0].deviation is None
    assert any("One seed only" in note for note in found.notes)
    assert [curve.read_at for curve in found.curves] == [(2, 4)]
