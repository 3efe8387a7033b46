from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.request import Request
from llm_profiles.plans.plan import NeighbourhoodPlan
from llm_profiles.shard import in_shard, merge, parse_shard
from llm_profiles.terms import Terms, keep, terms_of
from spikegraph.errors import DataError, UsageError

KEYS = [f"films/film/{n}" for n in range(1000)]


def terms(**changed: Any) -> Terms:
    plan = NeighbourhoodPlan(items={}, entities={})
    values = {"dataset": "films", "set": "llm", "model": "openai:m", "domain": "films", "split_id": "s1"}
    return Terms.model_validate(values | {"splits": ("train",), "plan": plan, "generation": 2} | changed)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Makes a shard's ledger with one profile."""

    def write(n: int, **changed: Any) -> Path:
        path = tmp_path / f"shard-{n}.sqlite"
        with Ledger(path) as ledger:
            keep(ledger, terms(**changed))
            ledger.done(Request("item", KEYS[n], "s", "u", "item/1", f"{n:064x}"), f"text {n}")
        return path

    return write


def test_every_node_is_in_exactly_one_shard_and_shards_are_alike_in_size() -> None:
    sizes = [sum(in_shard(key, part, 4) for key in KEYS) for part in (1, 2, 3, 4)]
    assert sum(sizes) == len(KEYS)
    assert min(sizes) > 200
    assert all(sum(in_shard(key, part, 4) for part in (1, 2, 3, 4)) == 1 for key in KEYS)
    assert all(in_shard(key, 1, 1) for key in KEYS)


def test_a_node_is_in_the_same_shard_on_every_machine() -> None:
    assert [n for n in range(20) if in_shard(KEYS[n], 1, 8)] == [6]


def test_a_shard_is_written_as_part_and_parts() -> None:
    assert [parse_shard("1/1"), parse_shard(" 2/8 ")] == [(1, 1), (2, 8)]


@pytest.mark.parametrize("text", ["", "0/8", "9/8", "2", "2/0", "-1/8", "a/b", "1/8/9"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no shard"):
        parse_shard(text)


def test_shards_are_merged_into_an_empty_ledger_with_their_terms(tmp_path: Path, written: Callable[..., Path]) -> None:
    with Ledger(tmp_path / "all.sqlite") as ledger:
        assert merge(ledger, [written(1), written(2)]) == 2
        assert merge(ledger, [written(1), written(2)]) == 0
        assert {entry.text for entry in ledger.current(KEYS).values()} == {"text 1", "text 2"}
        assert terms_of(ledger) == terms()


@pytest.mark.parametrize(
    "changed", [{"dataset": "books"}, {"set": "other"}, {"model": "openai:n"}, {"split_id": "s2"}, {"mode": "agent"}]
)
def test_ledgers_of_another_set_are_refused_before_anything_is_merged(
    tmp_path: Path, written: Callable[..., Path], changed: dict[str, str]
) -> None:
    with Ledger(tmp_path / "all.sqlite") as ledger:
        keep(ledger, terms())
        with pytest.raises(DataError, match=f"{next(iter(changed))} {next(iter(changed.values()))}"):
            merge(ledger, [written(1), written(2, **changed)])
        assert ledger.totals().nodes == 0


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with Ledger(tmp_path / "all.sqlite") as ledger, pytest.raises(DataError, match="is not there"):
        merge(ledger, [tmp_path / "none.sqlite"])
    assert not (tmp_path / "none.sqlite").exists()
