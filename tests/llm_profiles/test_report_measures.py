from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llm_profiles.contract import Context, Facts, Neighbour, Profile, Review
from llm_profiles.report.names import context_names, mentions, named, plain_words, unfounded
from llm_profiles.report.retrieval import neighbours, ranking
from llm_profiles.report.texts import lengths, near_duplicates, same_text


def genre_facts(genre: str) -> tuple[Facts, ...]:
    near = (Neighbour(f"d/genre/{genre}", genre.capitalize()),)
    return (Facts("GENRE", "genre", "{head} is a {tail}.", True, False, near, 1),)


WORDS = {
    "western": "horse desert sheriff saloon gunfight frontier ranch outlaw dust canyon",
    "space": "rocket planet orbit alien starship galaxy astronaut crew signal moon",
}


def film(n: int, genre: str) -> Context:
    return Context("item", f"d/film/{n}", f"Film {n}", "Film", facts=genre_facts(genre))


def films() -> list[Context]:
    return [film(n, "western" if n % 2 else "space") for n in range(40)]


def about(genre: str, rng: np.random.Generator) -> str:
    return " ".join(rng.permutation(WORDS[genre].split())[:7])


def test_a_name_is_mentioned_as_whole_words_whatever_its_case_and_accents() -> None:
    words = plain_words("Björk's album, recorded with the SUGARCUBES in 1993.")
    assert mentions(words, "Bjork")
    assert mentions(words, "The Sugarcubes")
    assert mentions(words, "1993")
    assert not mentions(words, "Sugar")
    assert not mentions(words, "in")
    assert not mentions(words, "")


def test_names_are_what_stands_in_capitals_within_sentences_and_years() -> None:
    text = "This film by Akira Kurosawa's studio won in 1951. Toshiro Mifune, I think, plays. “Slow,” says Éric."
    assert named(text) == ["Akira Kurosawa", "1951", "Mifune", "Éric"]
    assert named("no names at all here") == []


def test_what_a_text_names_is_looked_for_in_its_context() -> None:
    context = Context(
        "item",
        "d/film/1",
        "Rashomon",
        "Film",
        facts=genre_facts("drama"),
        texts=("Shot in Kyoto by Kazuo Miyagawa.",),
        reviews=(Review("", "Mifune is wild."),),
    )
    assert unfounded("The film Rashomon, a Drama shot in Kyoto by Miyagawa with Mifune.", context) == []
    assert unfounded("It was shot in Tokyo in 1950 by Kazuo Miyagawa.", context) == ["Tokyo", "1950"]
    assert context_names(context) == ["Rashomon", "Drama"]


def test_a_users_own_name_is_no_name_of_the_context() -> None:
    user = Context("user", "d/user/1", "Secret Name", items=(Neighbour("d/film/1", "Alien"),))
    assert context_names(user) == ["Alien"]


def test_lengths_and_equal_texts() -> None:
    texts = ["one two three", "one two", "one two", "w " * 160]
    profiles = [Profile(f"d/film/{n}", "item", text, "template") for n, text in enumerate(texts)]
    found = lengths(profiles, "item")
    assert (found.shortest, found.median, found.longest, found.over_cap) == (2, 2, 160, 1)
    assert same_text(profiles) == 0.5


def test_near_duplicates_are_found_and_other_texts_are_not() -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{n}" for n in range(500)])
    texts = [" ".join(rng.choice(vocabulary, 60)) for _ in range(20)]
    assert near_duplicates(texts) == 0.0
    almost = texts[0].rsplit(" ", 1)[0] + " other"
    assert near_duplicates([*texts, almost]) == pytest.approx(2 / 21)
    assert near_duplicates(texts[:1]) == 0.0


def test_profiles_that_say_who_made_a_film_find_films_of_the_same_maker() -> None:
    makers = ["Kurosawa", "Varda", "Fellini", "Tati", "Ozu", "Denis"]
    hub = genre_facts("drama")
    contexts = [replace(film(n, "drama"), facts=hub + genre_facts(makers[n % 6])) for n in range(72)]
    rng = np.random.default_rng(1)
    good = {context.key: f"A drama by {makers[n % 6]}." for n, context in enumerate(contexts)}
    blind = {context.key: f"A drama by {rng.choice(makers)}." for context in contexts}
    found = neighbours(contexts, good, blind)
    assert found is not None
    assert (found.share, found.items) == (1.0, 72)
    assert found.chance == pytest.approx(11 / 71)  # that all of them are dramas counts for nothing
    assert abs(found.floor - found.chance) < 0.1


def test_a_users_profile_finds_the_users_films() -> None:
    rng = np.random.default_rng(2)
    contexts = films()
    texts = {context.key: about("western" if n % 2 else "space", rng) for n, context in enumerate(contexts)}
    users = []
    for n in range(10):
        liked = [context for place, context in enumerate(contexts) if place % 2 == n % 2]
        taken = tuple(Neighbour(context.key, context.name) for context in liked)
        users.append(Context("user", f"d/user/{n}", "", items=taken, num_items=len(taken)))
    own = {user.key: [item.key for item in user.items[:5]] for user in users}
    good = texts | {user.key: about("western" if n % 2 else "space", rng) for n, user in enumerate(users)}
    wrong = texts | {user.key: about("space" if n % 2 else "western", rng) for n, user in enumerate(users)}
    found = ranking(users, own, good, wrong, np.random.default_rng(3))
    assert found is not None
    assert (found.auc > 0.95, found.floor < 0.05, found.users) == (True, True, 10)


def test_measures_say_nothing_where_there_is_nothing() -> None:
    rng = np.random.default_rng(0)
    few = films()[:5]
    texts = {context.key: "some words" for context in few}
    assert neighbours(few, texts, texts) is None
    assert ranking([], {}, texts, texts, rng) is None
    wordless = {context.key: "–" for context in films()}
    assert neighbours(films(), wordless, wordless) is None
