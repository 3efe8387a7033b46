"""Splits: no leakage, every pair in one part, train never empty, the same whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.split import SplitRule, apply_split, default_rule, split_id
from spikegraph.errors import DataError, UsageError

PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 40)), min_size=1, max_size=160)
RULES = st.builds(
    SplitRule,
    kind=st.sampled_from(["time", "random", "none", "given"]),
    seed=st.integers(0, 5),
    valid=st.sampled_from([0.0, 0.1, 0.45]),
    test=st.sampled_from([0.0, 0.1, 0.5]),
)


def frame(pairs: set[tuple[int, int]], order_seed: int = 0) -> pd.DataFrame:
    rows = sorted(pairs)
    np.random.default_rng(order_seed).shuffle(rows)
    users, items = zip(*rows, strict=True)
    made = pd.DataFrame({"user": [f"user/{u}" for u in users], "item": [f"film/{i}" for i in items]})
    made["at"] = [(u * 7 + i * i) % 11 for u, i in rows]  # with ties
    made["split"] = pd.array(["test" if (u + i) % 6 == 5 else "train" for u, i in rows], dtype="str")
    return made


def run(rows: pd.DataFrame, rule: SplitRule) -> pd.DataFrame:
    return apply_split(rows, rule, rule.generator())


@settings(max_examples=150, deadline=None)
@given(PAIRS, RULES)
def test_every_pair_is_in_exactly_one_part(pairs, rule):
    rows = frame(pairs)
    split = run(rows, rule)
    assert set(split["split"]) <= {"train", "valid", "test"}
    assert split[["user", "item"]].equals(rows[["user", "item"]])
    assert not split.duplicated(["user", "item"]).any()


@settings(max_examples=150, deadline=None)
@given(PAIRS, RULES)
def test_train_is_never_empty_for_a_user_who_had_any(pairs, rule):
    rows = frame(pairs)
    had = rows[rows["split"] == "train"] if rule.kind == "given" else rows
    split = run(rows, rule)
    assert set(split.loc[split["split"] == "train", "user"]) == set(had["user"])


@settings(max_examples=100, deadline=None)
@given(PAIRS, RULES, st.integers(1, 50))
def test_the_order_of_the_rows_does_not_matter(pairs, rule, order_seed):
    one, other = run(frame(pairs), rule), run(frame(pairs, order_seed), rule)
    assert split_id(one) == split_id(other)
    merged = one.merge(other, on=["user", "item"])
    assert len(merged) == len(pairs)
    assert (merged["split_x"] == merged["split_y"]).all()


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_given_test_part_stays_and_validation_comes_from_train_only(pairs, seed):
    rows = frame(pairs)
    split = run(rows, SplitRule("given", seed=seed))
    assert ((rows["split"] == "test") == (split["split"] == "test")).all()
    assert (rows.loc[split["split"] == "valid", "split"] == "train").all()


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.sampled_from(["given", "random", "time"]))
def test_a_tenth_of_each_user_and_at_least_one_from_five(pairs, kind):
    rows = frame(pairs)
    pool = rows[rows["split"] == "train"] if kind == "given" else rows
    split = run(rows, SplitRule(kind))
    for user, size in pool["user"].value_counts().items():
        parts = split.loc[split["user"] == user, "split"].value_counts()
        wanted = max(int(np.rint(size * 0.1)), 1 if size >= 5 else 0)
        assert parts.get("valid", 0) == wanted
        if kind != "given":
            assert parts.get("test", 0) == wanted


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_by_time_nothing_in_train_is_later_than_what_is_held_out(pairs):
    split = run(frame(pairs), SplitRule("time", valid=0.2, test=0.2))
    for _, rows in split.groupby("user"):
        times = {part: rows.loc[rows["split"] == part, "at"] for part in ("train", "valid", "test")}
        for earlier, later in (("train", "valid"), ("valid", "test"), ("train", "test")):
            if len(times[earlier]) and len(times[later]):
                assert times[earlier].max() <= times[later].min()


def test_seeds_differ_and_repeat():
    rows = frame({(u, i) for u in range(8) for i in range(30)})
    ids = [split_id(run(rows, SplitRule("random", seed=seed))) for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]


def test_none_trains_on_everything():
    assert set(run(frame({(0, i) for i in range(20)}), SplitRule("none"))["split"]) == {"train"}


def test_the_split_id_sees_every_part_of_a_pair():
    rows = frame({(0, 1), (0, 2), (1, 2)}).assign(split="train")
    ids = {split_id(rows)}
    for column, value in (("split", "test"), ("item", "film/9"), ("user", "user/9")):
        changed = rows.copy()
        changed.loc[0, column] = value
        ids.add(split_id(changed))
    assert len(ids) == 4


def test_the_split_id_of_a_known_split():
    rows = pd.DataFrame({"user": ["user/1", "user/1"], "item": ["film/1", "film/2"], "split": ["train", "test"]})
    assert split_id(rows) == "4c75300a40033592"


def test_validation_that_was_given_is_kept():
    rows = frame({(0, i) for i in range(20)}).assign(split=["valid", "test"] + ["train"] * 18)
    assert run(rows, SplitRule("given"))["split"].tolist() == rows["split"].tolist()


def test_the_default_fits_the_source():
    rows = frame({(0, 1), (1, 2)})
    assert default_rule(rows, seed=3) == SplitRule("given", seed=3)
    assert default_rule(rows.drop(columns="split")).kind == "time"
    gaps = rows.drop(columns="split").assign(at=pd.array([1, None], dtype="Int64"))
    assert default_rule(gaps).kind == "random"


@pytest.mark.parametrize(
    ("rule", "column"), [(SplitRule("given"), "split"), (SplitRule("time"), "at")], ids=["given", "time"]
)
def test_a_rule_that_lacks_its_column_is_refused(rule, column):
    with pytest.raises(DataError):
        run(frame({(0, 1)}).drop(columns=column), rule)


@pytest.mark.parametrize("wrong", [{"kind": "weekly"}, {"valid": -0.1}, {"valid": 0.5, "test": 0.5}])
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError):
        SplitRule(**{"kind": "random", **wrong})


def test_the_rule_is_described_with_its_seed():
    assert "seed 7" in SplitRule("given", seed=7).describe()
    assert "production" in SplitRule("none").describe()
