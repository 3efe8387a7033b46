"""The ways to ask `spikegraph recommend`, and those that do not go together."""

from __future__ import annotations

import pytest

from cypher.store import Store
from tests.spikegraph.conftest import CommandLine
from tests.support.film_graph import write_films


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ((), "a user is needed"),
        (("ann", "--items", "Alpha"), "has no user"),
        (("ann", "bob", "--with", "Drama"), "asks for one user"),
        (("ann", "--diverse", "--live"), "--diverse and --live do not go together"),
        (("ann", "--cap", "2"), "goes with --diverse or --live only"),
        (("ann", "--live", "--reasons", "2"), "goes with the list only"),
        (("ann", "--least-misery"), "goes with several users only"),
        (("ann", "--live", "--relation", "HAS_GENRE"), "goes with --diverse only"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    spikegraph: CommandLine, words: tuple[str, ...], refused: str
) -> None:
    said = spikegraph("recommend", "films", *words, "--json")
    assert said.code == 2
    assert refused in said.document["error"]["message"]


def test_each_way_answers_as_json(connected: CommandLine, store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)

    def ask(*words: object) -> dict[str, object]:
        said = connected("recommend", dataset_name, *words, "--k", 2, "--json")
        assert said.code == 0, said.out
        document = said.document
        assert document.pop("dataset") == dataset_name
        return {name: value if name != "recommendations" else [row["name"] for row in value]
                for name, value in document.items()}  # fmt: skip

    assert ask("cem") == {"user": "cem", "recommendations": ["Alpha", "Beta"]}
    assert ask("--items", "Gamma", "--items", "Delta") == {
        "items": ["Gamma", "Delta"],
        "recommendations": ["Alpha", "Beta"],
    }
    assert ask("cem", "--with", "Kurosawa") == {"user": "cem", "recommendations": ["Alpha", "Gamma"]}
    assert ask("ann", "--diverse", "--cap", 1) == {"user": "ann", "recommendations": ["Gamma", "Zeta"]}
    assert ask("dora", "--live") == {"user": "dora", "recommendations": ["Alpha", "Gamma"]}
    assert ask("ann", "bob", "--least-misery") == {
        "users": ["ann", "bob"],
        "by": "least misery",
        "recommendations": ["Delta", "Epsilon"],
    }
    because = ask("cem", "--because", "Delta")["because"]
    assert [(each["liked"]["name"], [row["name"] for row in each["items"]]) for each in because] == [
        ("Delta", ["Beta"])
    ]  # type: ignore[attr-defined]


def test_a_person_reads_reasons_ranks_and_sources(connected: CommandLine, store: Store, dataset_name: str) -> None:
    write_films(store, dataset_name)
    listed = connected("recommend", dataset_name, "cem", "--k", 3).out
    assert "Alpha is a Drama, as with Delta" in listed
    assert f"similar to the history, run {dataset_name}/run" in listed
    assert "popular in train" in listed
    together = connected("recommend", dataset_name, "ann", "bob", "--k", 2).out
    assert "by mean" in together
    assert "rankings by run" in together
    unknown = connected("recommend", dataset_name, "--items", "Gama", "--json")
    assert unknown.code == 4
    assert "Gamma" in unknown.document["error"]["hint"]
