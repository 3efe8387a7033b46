"""Every statement that recommends: it answers about its own data set, bounded; what several do reads the same."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from cypher import statements
from cypher.answers.relation_types import for_dataset
from cypher.store import Store
from export.write_back import write_back
from spikegraph.library import parameter_value
from tests.support.film_graph import build, results_of

NAMES = statements.names("recommend")


@pytest.fixture(scope="module")
def two(store: Store) -> tuple[str, str]:
    """Give the names of two data sets, written once for all the tests below."""
    names = ("t-library-one", "t-library-two")
    with store.driver.session(database=store.database) as session:
        for name in names:
            session.run("MATCH (n {dataset: $name}) DETACH DELETE n", name=name).consume()
            session.run("MATCH (n:Dataset {name: $name}) DETACH DELETE n", name=name).consume()
    for name in names:
        write_back(store, build(store, name), results_of(f"{name}/run"))
    return names


def texts(value: Any) -> list[str]:
    """Give every text within an answer."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_about_its_own_data_set_only(store: Store, two: tuple[str, str], name: str) -> None:
    statement = statements.load(name)
    assert statement.kind == "read"
    for dataset, other in (two, two[::-1]):
        own = {
            "dataset": dataset,
            "user": f"{dataset}/user/ann",
            "users": [f"{dataset}/user/{viewer}" for viewer in ("ann", "bob")],
            "run": f"{dataset}/run",
            "item": f"{dataset}/film/gamma",
            "without": f"{dataset}/film/alpha",
            "items": [f"{dataset}/film/{film}" for film in ("alpha", "gamma")],
            "entities": [f"{dataset}/thing/drama"],
            "text": "ann" if "users" in name else "Drama" if "entities" in name else "Gamma",
        }
        examples = {key: parameter_value(key, example, None) for key, example in statement.parameters.items()}
        rows = store.read(
            for_dataset(store, statement, dataset), **examples | {k: own[k] for k in examples if k in own}
        )
        assert rows or name == "recommend/counterfactual", "only what nothing hangs on may have no answer"
        assert not [text for row in rows for text in texts(list(row.values())) if text.startswith(f"{other}/")]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_bounded(name: str) -> None:
    statement = statements.load(name)
    assert "LIMIT" in statement.text or "[..$k]" in statement.text
    assert "$k" in statement.text or "k" not in statement.parameters


def test_a_step_that_several_statements_take_reads_the_same_in_each() -> None:
    """A file must paste as it stands, so the text stands in each: `// step:` up to the end of its first block."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name in NAMES:
        text = statements.load(name).text
        for marker in re.finditer(r"^( *)// step: (.+)\n", text, re.MULTILINE):
            block, end, _ = text[marker.end() :].partition(f"\n{marker[1]}}}\n")
            assert end, f"{name}: the step '{marker[2]}' has no end"
            found[marker[2]][name] = re.sub(rf"^{marker[1]}", "", block, flags=re.MULTILINE)
    assert len(found["popular in train"]) > 3
    assert [step for step, of_names in found.items() if len(set(of_names.values())) > 1] == []
