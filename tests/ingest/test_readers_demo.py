"""The demo data: real films, viewers that say that they are simulated, files that the generator makes again."""

from __future__ import annotations

import numpy as np
import pytest

from ingest import simulate
from ingest.readers import read
from ingest.readers.demo import FOLDER


@pytest.fixture(scope="module")
def demo():
    return read("demo")


def test_the_generator_makes_the_committed_files_byte_for_byte(tmp_path):
    simulate.write(tmp_path, simulate.simulate(simulate.read_films(), np.random.default_rng(simulate.SEED)))
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["ratings.csv", "remarks.csv", "viewers.csv"]
    for name in made:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_another_seed_makes_another_crowd():
    films = simulate.read_films()
    assert simulate.simulate(films, np.random.default_rng(1)) != simulate.simulate(films, np.random.default_rng(2))


def test_counts(demo):
    assert len(demo.users) == 600
    assert demo.entities["is_item"].sum() == 212
    assert len(demo.interactions) == 14_991
    assert set(demo.relations["type"]) == {"DIRECTED_BY", "HAS_ACTOR", "HAS_GENRE", "FROM_DECADE"}
    seen = simulate.simulate(simulate.read_films(), np.random.default_rng(simulate.SEED))
    per_viewer = np.unique([pair.viewer for pair in seen], return_counts=True)[1]
    assert 15 <= per_viewer.min() <= per_viewer.max() <= 40


def test_a_film_with_its_facts(demo):
    film = demo.entities.set_index("key").loc["movie/spirited-away-2001"]
    assert (film["name"], film["label"], film["year"]) == ("Spirited Away", "Movie", 2001)
    facts = demo.triples[demo.triples["head"] == "movie/spirited-away-2001"]
    assert {
        ("DIRECTED_BY", "person/Hayao Miyazaki"),
        ("HAS_GENRE", "genre/Animation"),
        ("FROM_DECADE", "decade/2000s"),
    } <= set(zip(facts["relation"], facts["tail"], strict=True))


def test_one_person_is_one_node_whether_directing_or_acting(demo):
    eastwood = demo.entities[demo.entities["key"] == "person/Clint Eastwood"]
    assert eastwood["label"].tolist() == ["Person"]
    facts = demo.triples[demo.triples["tail"] == "person/Clint Eastwood"]
    assert set(facts["relation"]) == {"DIRECTED_BY", "HAS_ACTOR"}


def test_it_says_simulated_wherever_it_shows(demo):
    assert "SIMULATED" in demo.source
    assert demo.users["name"].str.contains("simulated").all()
    reviews = demo.interactions["review"].dropna()
    assert len(reviews) > 100
    assert reviews.str.startswith("[simulated]").all()
    assert "Simulated" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_ratings_below_three_are_not_positive(demo):
    assert demo.interactions["rating"].min() == 3
    assert demo.positive_rule == "rating >= 3"


def test_every_film_has_a_plot_and_is_seen(demo):
    assert (
        set(demo.texts["key"])
        == set(demo.interactions["item"])
        == set(demo.entities.loc[demo.entities["is_item"], "key"])
    )
    assert demo.texts["text"].str.endswith(".").all()
