from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llm_profiles.contract import KINDS, WORD_CAPS, Context, Facts, Neighbour, Review, Shared, text_hash
from llm_profiles.sentences import clean
from llm_profiles.writers.template import TemplateWriter


def facts(outgoing: bool, *names: str, total: int | None = None) -> Facts:
    near = tuple(Neighbour(f"x/thing/{name}", name) for name in names)
    words = "{head} was directed by {tail}."
    return Facts("DIRECTED_BY", "directed by", words, outgoing, not outgoing, near, total or len(names))


def written(context: Context) -> str:
    (profile,) = TemplateWriter().write([context])
    assert (profile.key, profile.kind, profile.writer) == (context.key, context.kind, "template")
    assert not profile.is_llm
    assert profile.hash == text_hash(profile.text)
    return profile.text


def test_an_item_is_told_by_its_facts_and_text() -> None:
    both = (facts(True, "Ada", "Bo"), facts(False, "Cy"))
    context = Context("item", "x/film/1", "Alpha", "ShortFilm", both, texts=("A  crew\nsails.",))
    assert written(context) == (
        "Alpha is a short film. Alpha was directed by Ada and Bo. Cy was directed by Alpha. A crew sails."
    )


def test_an_entity_is_told_by_the_items_that_lead_to_it() -> None:
    context = Context("entity", "x/person/1", "Ada", "Actor", (facts(False, "Alpha", "Beta", total=9),))
    assert written(context) == "Ada is an actor. Directed by Ada: Alpha, Beta and 7 more."


def test_a_user_is_told_by_his_items_what_they_share_and_his_own_words() -> None:
    context = Context(
        "user",
        "x/user/1",
        "Viewer",
        items=(Neighbour("x/film/1", "Alpha"), Neighbour("x/film/2", "Beta")),
        num_items=5,
        shared=(Shared("genre", "Drama", 4), Shared("directed by", "Ada", 2)),
        reviews=(Review("Alpha", "Fine."),),
    )
    assert written(context) == (
        "This user took Alpha, Beta and 3 more. Often among them: genre Drama (4), directed by Ada (2). "
        'About Alpha: "Fine."'
    )
    assert written(Context("user", "x/user/2", "New")) == "This user has no train items."


def test_names_are_never_read_as_places() -> None:
    context = Context("item", "x/film/1", "{tail}", "", (facts(True, "{head}"),))
    assert written(context) == "{tail}. {tail} was directed by {head}."


texts = st.text(max_size=60) | st.just("word " * 300)
contexts = st.builds(
    Context,
    kind=st.sampled_from(KINDS),
    key=st.just("x/y/z"),
    name=texts.filter(lambda text: bool(clean(text))),
    label=st.sampled_from(["", "Film", "MusicalArtist"]),
    facts=st.lists(st.builds(lambda out, name: facts(out, *[name] * 40), st.booleans(), texts), max_size=5).map(tuple),
    texts=st.lists(texts, max_size=2).map(tuple),
    items=st.lists(st.builds(Neighbour, st.just("k"), texts), max_size=60).map(tuple),
    reviews=st.lists(st.builds(Review, texts, texts), max_size=4).map(tuple),
)


@given(contexts)
def test_every_profile_keeps_its_word_cap_and_stands_in_one_line(context: Context) -> None:
    text = written(context)
    assert text
    assert len(text.split()) <= WORD_CAPS[context.kind]
    assert text == " ".join(text.split())
    assert text == written(context)
