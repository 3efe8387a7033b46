from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cypher.store import Store
from ingest.readers import read
from ingest.split import SplitRule
from ingest.tables import Tables
from ingest.write import ingest
from llm_profiles.graph_tools import GraphTools
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.plans.default import default_plan, whole_plan
from llm_profiles.plans.files import load_plan, save_plan
from llm_profiles.plans.plan import EntityPlan, Hop, NeighbourhoodPlan, RelationPlan
from spikegraph.errors import UsageError
from tests.support.random_tables import random_tables
from tests.support.tables import tiny_tables

LIBRARY = Path(__file__).resolve().parents[2] / "docs" / "examples" / "own-data"


def tools_of(store: Store, dataset: str, tables: Tables) -> GraphTools:
    ingest(store, dataset, tables, split=SplitRule("given"))
    return GraphTools(store, dataset)


def chosen(plan: EntityPlan) -> list[str]:
    return [f"{part.relation} {part.direction}" for part in plan.relations]


def many_films(names: bool = True) -> Tables:
    """Give 40 films: each with a director of its own, one country for all, a few genres, and a rare sequel."""
    films = [f"film/{n}" for n in range(40)]
    others = [f"person/{n}" for n in range(40)] + ["country/0"] + [f"genre/{n}" for n in range(4)]
    rows = [(film, "DIRECTED_BY", f"person/{n}") for n, film in enumerate(films)]
    rows += [(film, "FROM_COUNTRY", "country/0") for film in films]
    rows += [(film, "HAS_GENRE", f"genre/{n % 4}") for n, film in enumerate(films)]
    rows += [(f"person/{n}", "BORN_IN", "country/0" if n % 2 else "genre/0") for n in range(40)]
    labels = {"film": "Film", "person": "Person", "country": "Place", "genre": "Genre"}
    keys = films + others
    relations = sorted({relation for _, relation, _ in rows})
    return Tables(
        users=pd.DataFrame({"key": ["user/0"], "name": [""]}),
        entities=pd.DataFrame(
            {
                "key": keys,
                "name": [f"Name of {key}" if names else "" for key in keys],
                "label": [labels[key.split("/")[0]] for key in keys],
                "is_item": [key in films for key in keys],
            }
        ),
        triples=pd.DataFrame(rows, columns=["head", "relation", "tail"]),
        relations=pd.DataFrame(
            {"type": relations, "name": [r.lower() for r in relations], "sentence": ["{head} goes with {tail}."] * 4}
        ),
        interactions=pd.DataFrame({"user": ["user/0"], "item": ["film/0"], "split": ["train"]}),
        label="Films",
        source="made for the test",
    )


def test_the_default_takes_what_tells_nodes_apart(store: Store, dataset_name: str) -> None:
    plan = default_plan(tools_of(store, dataset_name, many_films()))
    film = plan.items["Film"]
    assert chosen(film) == ["DIRECTED_BY out", "HAS_GENRE out"]
    assert [[hop.relation for hop in part.then] for part in film.relations] == [["BORN_IN"], []]
    assert chosen(plan.entities["Person"]) == ["DIRECTED_BY in", "BORN_IN out"]
    assert film.reviews == plan.users.reviews == 0


def test_names_decide_only_where_there_are_any(store: Store, dataset_name: str) -> None:
    tables = many_films()
    is_person = tables.entities["key"].str.startswith("person/")
    tables.entities.loc[is_person, "name"] = [f"m.0x{n}" for n in range(40)]
    assert chosen(default_plan(tools_of(store, dataset_name, tables)).items["Film"]) == ["HAS_GENRE out"]
    nameless = default_plan(tools_of(store, f"{dataset_name}-n", many_films(names=False)))
    assert chosen(nameless.items["Film"]) == ["DIRECTED_BY out", "HAS_GENRE out"]


def test_any_graph_has_a_default_plan_whose_contexts_can_be_read(store: Store, dataset_name: str) -> None:
    tables = random_tables(seed=31)
    tables.entities["label"] = "Thing"
    tables.entities["name"] = ""
    tools = tools_of(store, dataset_name, tables)
    neighbourhood = Neighbourhood(store, dataset_name, default_plan(tools))
    for kind, keys in neighbourhood.keys().items():
        found = [context for batch in neighbourhood.contexts(kind, keys) for context in batch]
        assert [context.key for context in found] == keys
        assert all(context.name for context in found)


def test_own_tables_get_second_hops_texts_and_reviews(store: Store, dataset_name: str) -> None:
    ingest(store, dataset_name, read("tables", LIBRARY), split=SplitRule("random"))
    plan = default_plan(GraphTools(store, dataset_name))
    book = plan.items["Book"]
    assert chosen(book) == ["WRITTEN_BY out", "ABOUT out"]
    assert [hop.relation for hop in book.relations[0].then] == ["BORN_IN", "DIED_IN"]
    assert (book.texts, book.reviews) == (("description",), 3)
    (context,) = next(Neighbourhood(store, dataset_name, plan).contexts("item", [f"{dataset_name}/book/b04"]))
    told = [(hop.through, hop.via.name, hop.facts.neighbours[0].name) for hop in context.two_hop]
    assert told == [("WRITTEN_BY", "Charlotte Brontë", "England")]


def test_a_plan_bounds_texts_and_reviews_by_type(store: Store, dataset_name: str) -> None:
    ingest(store, dataset_name, tiny_tables(), split=SplitRule("given"))
    part = EntityPlan(texts=("plot",), text_characters=6, reviews=1, review_characters=8)
    for label, reviews, texts in (("Film", 1, ("A crew",)), ("Other", 0, ())):
        plan = NeighbourhoodPlan(items={label: part}, entities={})
        (film,) = next(Neighbourhood(store, dataset_name, plan).contexts("item", [f"{dataset_name}/film/0"]))
        assert (len(film.reviews), film.texts) == (reviews, texts)
        assert [len(review.text) for review in film.reviews] == [8] * reviews


def test_a_plan_is_the_same_after_writing_and_reading(store: Store, dataset_name: str, tmp_path: Path) -> None:
    tools = tools_of(store, dataset_name, many_films())
    hop = RelationPlan(relation="DIRECTED_BY", then=(Hop(relation="BORN_IN"),))
    own = NeighbourhoodPlan(items={"Film": EntityPlan(relations=(hop,))}, entities={"*": EntityPlan()})
    for plan in (default_plan(tools), whole_plan(tools), own):
        save_plan(plan, tmp_path / "plan.yaml")
        assert load_plan(tmp_path / "plan.yaml", tools) == plan
        assert load_plan(tmp_path / "plan.yaml", tools).sha() == plan.sha()
    assert (tmp_path / "plan.yaml").read_text(encoding="utf-8").startswith("# What is read around each node")


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("items: [", "plan.yaml:", ""),
        ("items: {}\nentities: {}\nuser: {}", "user", "there are: version, items, entities, users"),
        ("items: {Film: {relation: []}}\nentities: {}", "items.Film.relation", "there are: relations, texts"),
        (
            "items: {Film: {relations: [{relation: DIRECTED_BY, most: 3}]}}\nentities: {}",
            "items.Film.relations.0.most",
            "there are: relation, direction, limit",
        ),
        ("items: {}\nentities: {}\nusers: {item: 3}", "users.item", "there are: items, order"),
        ("items: {Film: {relations: [{relation: ACTED_IN}]}}\nentities: {}", "items.Film", "BORN_IN, DIRECTED_BY"),
        (
            "items: {Film: {relations: [{relation: DIRECTED_BY, then: [{relation: DIED_IN}]}]}}\nentities: {}",
            "items.Film.relations.then",
            "BORN_IN, DIRECTED_BY",
        ),
        ("items: {Movie: {}}\nentities: {}", "items", "there are: *, Film"),
        ("items: {}\nentities: {Film: {}}", "entities", "Genre, Person, Place"),
        ("items: {Film: {relations: [{relation: DIRECTED_BY, limit: 0}]}}\nentities: {}", "limit", ""),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_place_and_choice(
    store: Store, films: GraphTools, tmp_path: Path, text: str, where: str, hint: str
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_plan(path, films)
    assert "plan.yaml" in str(caught.value.where)
    assert where in str(caught.value.where)
    assert hint in (caught.value.hint or "")


def test_a_file_that_is_not_there(films: GraphTools, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_plan(tmp_path / "plan.yaml", films)


@pytest.fixture
def films(store: Store, dataset_name: str) -> GraphTools:
    return tools_of(store, dataset_name, many_films())
