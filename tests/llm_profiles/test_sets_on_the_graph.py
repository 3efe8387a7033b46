from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cypher import dataset as datasets
from cypher.store import Store
from export.read_graph import ProfileSet, export_snapshot
from export.snapshot import Selection
from ingest.split import SplitRule
from ingest.write import ingest
from llm_profiles.activate import activate, active_run, active_set, status
from llm_profiles.contract import Context, Profile
from llm_profiles.embed import embed
from llm_profiles.imports import import_profiles, import_vectors
from llm_profiles.profile_store import load_set
from llm_profiles.vector_store import vectors
from llm_profiles.write import write_profiles, write_template
from spikegraph.errors import DatabaseError, DataError, DatasetLockedError, UsageError
from tests.support.tables import tiny_tables

TEXTS = pd.DataFrame(
    {
        "key": [f"film/{n}" for n in range(6)] + [f"user/{n}" for n in range(6)],
        "profile": [f"Film number {n} in many words." for n in range(6)] + [f"Viewer {n} says no." for n in range(6)],
        "model": ["deep"] * 12,
    }
)


@pytest.fixture
def tiny(store: Store, dataset_name: str) -> str:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    return dataset_name


def on_nodes(store: Store, dataset: str) -> dict[str, dict[str, Any]]:
    records = store.driver.execute_query(
        "MATCH (n:User|Entity) WHERE n.dataset = $d RETURN n {.key, .profile, .profile_run, .profile_is_llm, "
        ".profile_hash} AS node",
        d=dataset,
    ).records
    return {record["node"]["key"]: record["node"] for record in records}


def test_a_set_is_put_onto_the_nodes(store: Store, tiny: str, tmp_path: Path) -> None:
    run = write_template(store, tiny, tmp_path).run
    assert active_run(store, tiny) is None
    version = datasets.get(store, tiny).version
    assert not activate(store, tmp_path, tiny, "template").unchanged
    assert datasets.get(store, tiny).version > version
    nodes = on_nodes(store, tiny)
    for profile in load_set(tmp_path, tiny, "template")[1]:
        assert nodes.pop(profile.key) == {
            "key": profile.key,
            "profile": profile.text,
            "profile_run": run.id,
            "profile_is_llm": False,
            "profile_hash": profile.hash,
        }
    assert not nodes
    assert (active_run(store, tiny), active_set(store, tiny)) == (run.id, "template")


def test_activating_twice_changes_nothing(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    activate(store, tmp_path, tiny, "template")
    version = datasets.get(store, tiny).version
    assert activate(store, tmp_path, tiny, "template").unchanged
    assert datasets.get(store, tiny).version == version


def test_an_import_covers_its_kinds_and_the_template_the_others(store: Store, tiny: str, tmp_path: Path) -> None:
    run = import_profiles(store, tiny, tmp_path, TEXTS).run
    assert run.exposed_to == ("train", "valid")
    assert [run.kinds[kind].writers for kind in ("item", "entity", "user")] == [("import",), ("template",), ("import",)]
    assert run.kinds["item"].models == ("deep",)
    activate(store, tmp_path, tiny, "imported")
    nodes = on_nodes(store, tiny)
    assert nodes[f"{tiny}/film/3"]["profile"] == "Film number 3 in many words."
    assert nodes[f"{tiny}/film/3"]["profile_is_llm"]
    assert not nodes[f"{tiny}/genre/0"]["profile_is_llm"]
    active = status(store, tmp_path, tiny).active
    assert active is not None
    assert active["exposed_to"] == ["train", "valid"]
    assert active["user_models"] == ["deep"]


def test_a_kind_has_one_writer_unless_a_mix_is_asked_for(store: Store, tiny: str, tmp_path: Path) -> None:
    part = TEXTS.iloc[:2]
    run = import_profiles(store, tiny, tmp_path, part).run
    assert (run.kinds["item"].profiles, run.kinds["item"].nodes) == (2, 6)
    assert run.kinds["item"].writers == ("import",)
    mixed = import_profiles(store, tiny, tmp_path, part, set_name="mixed", mix=True).run
    assert mixed.kinds["item"].writers == ("import", "template")
    assert mixed.kinds["item"].profiles == 6


def test_a_bad_import_writes_nothing(store: Store, tiny: str, tmp_path: Path) -> None:
    bad = pd.concat([TEXTS, pd.DataFrame({"key": ["film/99"], "profile": ["x"], "model": [None]})])
    with pytest.raises(DataError, match="film/99") as caught:
        import_profiles(store, tiny, tmp_path, bad)
    assert caught.value.where == "profiles:13"
    with pytest.raises(UsageError, match="not splits"):
        import_profiles(store, tiny, tmp_path, TEXTS, exposed_to=("later",))  # type: ignore[arg-type]
    assert status(store, tmp_path, tiny).sets == []


def test_another_set_takes_the_place_of_the_active_one(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    activate(store, tmp_path, tiny, "template")
    import_profiles(store, tiny, tmp_path, TEXTS.iloc[:2])
    activate(store, tmp_path, tiny, "imported")
    nodes = on_nodes(store, tiny)
    assert nodes[f"{tiny}/film/5"]["profile"] is None
    assert nodes[f"{tiny}/film/5"]["profile_hash"] is None
    found = status(store, tmp_path, tiny)
    assert {kind: (part.profiles, part.nodes) for kind, part in found.coverage.items()} == {
        "item": (2, 6),
        "entity": (5, 5),
        "user": (6, 6),
    }
    assert [run.set for run in found.sets] == ["imported", "template"]
    records = store.driver.execute_query("MATCH (r:ProfileRun {dataset: $d}) RETURN count(r) AS n", d=tiny).records
    assert records[0]["n"] == 1


class BreakingStore(Store):
    """A store whose connection breaks before one statement."""

    breaks_at = ""

    def write_rows(self, statement: Any, *args: Any, **parameters: Any) -> int:
        self._break(statement)
        return super().write_rows(statement, *args, **parameters)

    def run_in_transactions(self, statement: Any, **parameters: Any) -> list[dict[str, Any]]:
        self._break(statement)
        return super().run_in_transactions(statement, **parameters)

    def write(self, statement: Any, **parameters: Any) -> list[dict[str, Any]]:
        self._break(statement)
        return super().write(statement, **parameters)

    def _break(self, statement: Any) -> None:
        if statement == self.breaks_at:
            raise DatabaseError("the connection broke", where=self.where)


@pytest.mark.parametrize("breaks_at", ["write_users", "write_entities", "clear_users", "clear_entities", "record"])
def test_an_interrupted_activation_leaves_none_active_and_is_finished_later(
    store: Store, tiny: str, tmp_path: Path, breaks_at: str
) -> None:
    write_template(store, tiny, tmp_path)
    activate(store, tmp_path, tiny, "template")
    import_profiles(store, tiny, tmp_path, TEXTS)
    breaking = BreakingStore(store.driver, store.version, store.where)
    object.__setattr__(breaking, "breaks_at", f"profiles/{breaks_at}")
    with pytest.raises(DatabaseError, match="broke"):
        activate(breaking, tmp_path, tiny, "imported")
    assert active_run(store, tiny) is None
    with pytest.raises(DatabaseError, match="no profile set is active"):
        active_set(store, tiny)
    activate(store, tmp_path, tiny, "imported")
    run = active_run(store, tiny)
    assert {node["profile_run"] for node in on_nodes(store, tiny).values()} == {run}


def test_a_set_of_another_split_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    tables = tiny_tables()
    tables.interactions["split"] = tables.interactions["split"].replace({"valid": "train"})
    ingest(store, tiny, tables, split=SplitRule("given"), replace=True)
    with pytest.raises(DataError, match="another split"):
        activate(store, tmp_path, tiny, "template")


def test_a_set_for_nodes_that_are_gone_is_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    store.driver.execute_query("MATCH (n:Entity {key: $d + '/person/2'}) DETACH DELETE n", d=tiny)
    with pytest.raises(DataError, match="have a node"):
        activate(store, tmp_path, tiny, "template")
    assert active_run(store, tiny) is None


def test_two_writers_at_once_are_refused(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    with datasets.lock(store, tiny, "ingest"), pytest.raises(DatasetLockedError, match="ingest"):
        activate(store, tmp_path, tiny, "template")


def test_vectors_without_texts_go_the_whole_way(store: Store, tiny: str, tmp_path: Path) -> None:
    keys = [f"user/{n}" for n in range(6)] + [f"film/{n}" for n in range(6)]
    matrix = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    run = import_vectors(store, tiny, tmp_path, keys, matrix).run
    assert run.set == "source"
    activate(store, tmp_path, tiny, "source")
    assert on_nodes(store, tiny)[f"{tiny}/film/0"]["profile"] is None
    assert embed(tmp_path, tiny, "source", "source").name == "source"
    snapshot = export_snapshot(store, tiny, tmp_path / "s", None, vectors(tmp_path, tiny, "source"), "source")
    np.testing.assert_array_equal(snapshot.user_profile, matrix[:6])
    assert snapshot.entity_profile is not None
    np.testing.assert_array_equal(snapshot.entity_profile[:6], matrix[6:])
    assert snapshot.manifest.counts["without_profile"] == 5


@pytest.mark.parametrize(
    ("keys", "matrix", "reason"),
    [
        (["user/0"], np.ones((2, 3)), "do not fit"),
        (["user/0", "user/9"], np.ones((2, 3)), "no node 'user/9'"),
        (["user/0", "user/0"], np.ones((2, 3)), "twice"),
        (["user/0", "user/1"], np.array([[1.0], [np.nan]]), "not finite"),
    ],
)
def test_bad_vectors_are_refused(
    store: Store, tiny: str, tmp_path: Path, keys: list[str], matrix: np.ndarray, reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        import_vectors(store, tiny, tmp_path, keys, matrix.astype(np.float32))
    assert status(store, tmp_path, tiny).embeddings == []


def test_export_takes_the_active_set_or_one_that_is_named(store: Store, tiny: str, tmp_path: Path) -> None:
    write_template(store, tiny, tmp_path)
    import_profiles(store, tiny, tmp_path, TEXTS)
    activate(store, tmp_path, tiny, "template")
    first = embed(tmp_path, tiny, "template", "lsa", 4).name
    active = export_snapshot(store, tiny, tmp_path / "a", None, vectors(tmp_path, tiny, first), first)
    assert active.manifest.profile_run == active_run(store, tiny)
    assert active.manifest.text_embedding == first
    assert active.manifest.counts["without_profile"] == 0
    run, profiles = load_set(tmp_path, tiny, "imported")
    second = embed(tmp_path, tiny, "imported", "lsa", 4).name
    other = ProfileSet(run.id, run.exposed_to, {profile.key: profile.hash for profile in profiles})
    chosen = Selection(profile_set="imported")
    named = export_snapshot(store, tiny, tmp_path / "b", chosen, vectors(tmp_path, tiny, second), second, other)
    assert named.manifest.profile_run == run.id
    assert named.manifest.profile_exposed_to == ("train", "valid")
    assert named.manifest.content_hash != active.manifest.content_hash
    np.testing.assert_array_equal(named.edge_index, active.edge_index)


class Echo:
    """A writer that tells which profiles it was given; stands in for a language model's."""

    name = "echo"
    model: str | None = "echo-1"
    reads_profiles = True

    def write(self, contexts: Sequence[Context]) -> Iterator[Profile]:
        for context in contexts:
            near = [*context.items, *(neighbour for facts in context.facts for neighbour in facts.neighbours)]
            told = sum(bool(neighbour.profile) for neighbour in near)
            yield Profile(context.key, context.kind, f"{context.key} read {told} profiles", self.name, self.model)


def test_a_writer_may_read_the_profiles_of_the_kinds_below(store: Store, tiny: str, tmp_path: Path) -> None:
    run = write_profiles(store, tiny, tmp_path, Echo(), set_name="echo").run
    texts = {profile.key: profile.text for profile in load_set(tmp_path, tiny, "echo")[1]}
    assert texts[f"{tiny}/film/0"].endswith("read 0 profiles")
    assert texts[f"{tiny}/genre/0"].endswith("read 3 profiles")
    assert texts[f"{tiny}/user/0"].endswith("read 3 profiles")
    assert run.exposed_to == ("train",)
    assert run.kinds["entity"].models == ("echo-1",)
