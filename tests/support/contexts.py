"""Contexts written by hand: a film, its director and a viewer, and the words of their prompts."""

from __future__ import annotations

from llm_profiles.calls.request import Sampling
from llm_profiles.contract import Context, Facts, Neighbour, Review, Shared, TwoHop
from llm_profiles.prompts.domains import load_domain
from llm_profiles.prompts.requests import RequestMaker, load_prompts

SALT = "a salt"


def facts(
    sentence: str,
    *names: str,
    outgoing: bool = True,
    are_items: bool = False,
    total: int | None = None,
    words: str = "",
) -> Facts:
    """Give facts about neighbours by their names."""
    words = words or sentence.split("} ")[-1].split(" {")[0]
    near = tuple(Neighbour(f"x/thing/{name}", name) for name in names)
    return Facts(words.upper().replace(" ", "_"), words, sentence, outgoing, are_items, near, total or len(names))


def film() -> Context:
    """Give an item with all that an item can have."""
    director = facts("{head} was directed by {tail}.", "Ridley Scott")
    return Context(
        kind="item",
        key="x/movie/alien-1979",
        name="Alien",
        label="ShortFilm",
        facts=(
            director,
            facts("{tail} acts in {head}.", "Sigourney Weaver", "John Hurt", total=7),
            facts("{head} is the sequel of {tail}.", "Aliens", outgoing=False, are_items=True),
        ),
        two_hop=(TwoHop("DIRECTED_BY", director.neighbours[0], facts("{head} was born in {tail}.", "South Shields")),),
        texts=("The crew of a freighter\n answers a call.",),
        reviews=(Review("", "Slow, then terrifying."), Review("", "I looked away twice.")),
    )


def director() -> Context:
    """Give an entity whose items have profiles."""
    films = (
        Neighbour("x/movie/alien-1979", "Alien", "Alien is a horror film set in space."),
        Neighbour("x/movie/gladiator-2000", "Gladiator", "Gladiator is an epic of ancient Rome."),
    )
    directed = Facts("DIRECTED_BY", "directed by", "{head} was directed by {tail}.", False, True, films, 9)
    acted = Facts("HAS_ACTOR", "with", "{tail} acts in {head}.", False, True, films[:1], 1)
    born = facts("{head} was born in {tail}.", "South Shields")
    return Context("entity", "x/person/ridley-scott", "Ridley Scott", "Person", facts=(directed, acted, born))


def viewer() -> Context:
    """Give a user with a name and a key that nobody is to see."""
    return Context(
        kind="user",
        key="x/user/secret-key",
        name="Secret Name",
        items=(
            Neighbour("x/movie/alien-1979", "Alien", "Alien is a horror film set in space."),
            Neighbour("x/movie/heat-1995", "Heat"),
            Neighbour("x/movie/tampopo-1985", "Tampopo"),
        ),
        num_items=12,
        shared=(Shared("genre", "Thriller", 4), Shared("directed by", "Michael Mann", 2)),
        reviews=(Review("Heat", "Every shot is thought through."),),
    )


def request_maker(domain: str = "films", salt: str = SALT, **given: object) -> RequestMaker:
    """Give a maker of requests with the prompts that are shipped."""
    values = {"model": "openai:gpt-4o-mini", "sampling": Sampling(), "prompts": load_prompts()} | given
    return RequestMaker(**values, domain=load_domain(domain), salt=salt)  # type: ignore[arg-type]
