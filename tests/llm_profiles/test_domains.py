from __future__ import annotations

from pathlib import Path

import pytest

from llm_profiles.prompts.domains import ANYTHING, domain_of, domains, load_domain
from spikegraph.errors import UsageError


@pytest.mark.parametrize(
    ("labels", "dataset", "expected"),
    [
        (["Movie"], "demo", "films"),
        (["Book"], "mine", "books"),
        (["MusicalArtist", "Band"], "mine", "artists"),
        (["Song"], "mine", "music"),
        (["Restaurant"], "mine", "places"),
        (["VideoGame"], "mine", "games"),
        (["BookEdition"], "mine", "books"),
        (["Movie", "Movie", "Book"], "mine", "films"),
        (["Book", "Movie", "Book"], "movies", "books"),
        (["Thing"], "amazon-book-kgat", "books"),
        (["Thing"], "Yelp2018", "places"),
        (["Thing"], "last_fm", "music"),
        (["Thing"], "ml-1m", "films"),
        (["Thing"], "alibaba-ifashion", "products"),
        (["Thing"], "amazon", "products"),
        ([], "mine", ANYTHING),
        (["Thing"], "html-pages", ANYTHING),
    ],
)
def test_the_domain_is_guessed_from_labels_then_from_the_name(labels: list[str], dataset: str, expected: str) -> None:
    assert domain_of(labels, dataset).name == expected


def test_every_domain_is_found_again_by_its_name() -> None:
    for name in domains():
        assert load_domain(name).name == name
    with pytest.raises(UsageError, match="no domain 'film'") as raised:
        load_domain("film")
    assert "films" in str(raised.value.hint)


def test_ones_own_domains_come_first(tmp_path: Path) -> None:
    words = {
        field: f"own {field}" for field in ("expert", "item", "items", "person", "audience", "took", "aspects", "taste")
    }
    lines = [f"  {field}: {value}" for field, value in words.items()]
    (tmp_path / "domains.yaml").write_text("\n".join(["dishes:", *lines, "  labels: [dish, movie]"]))
    assert load_domain("dishes", tmp_path).item == "own item"
    assert domain_of(["Movie"], "mine", tmp_path).name == "dishes"
    assert load_domain("books", tmp_path) == load_domain("books")


@pytest.mark.parametrize("text", ["dishes: {item: dish}", "dishes", "dishes: [", "dishes: 5", "dishes: {name: other}"])
def test_a_broken_list_of_domains_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "domains.yaml").write_text(text)
    with pytest.raises(UsageError) as raised:
        load_domain("books", tmp_path)
    assert raised.value.where == str(tmp_path / "domains.yaml")
