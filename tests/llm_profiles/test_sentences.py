from __future__ import annotations

import pytest

from llm_profiles.contract import Facts, Neighbour
from llm_profiles.sentences import clean, cut, in_words, sentence_about


def facts(sentence: str, *names: str, outgoing: bool = True, total: int | None = None) -> Facts:
    near = tuple(Neighbour(f"x/thing/{name}", name) for name in names)
    return Facts("R", "r", sentence, outgoing, False, near, total or len(names))


@pytest.mark.parametrize(
    ("sentence", "outgoing", "names", "total", "said"),
    [
        ("{head} was directed by {tail}.", True, ["Ada"], 1, "Alien was directed by Ada."),
        ("{head} was directed by {tail}.", True, ["Ada", "Bo"], 2, "Alien was directed by Ada and Bo."),
        ("{head} was directed by {tail}.", False, ["Up", "It"], 2, "Up and It were directed by Alien."),
        ("{tail} acts in {head}.", True, ["Ada", "Bo"], 9, "Ada, Bo and 7 more act in Alien."),
        ("{tail} acts in {head}.", False, ["Up", "It"], 2, "Alien acts in Up and It."),
        ("{tail} is a member of {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo are members of Alien."),
        ("{tail} is an {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo are an Alien."),
        ("{tail} watches {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo watch Alien."),
        ("{tail} carries {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo carry Alien."),
        ("{tail} discuss {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo discuss Alien."),
        ("{head}: relation 0: {tail}.", False, ["Up", "It"], 2, "Up and It: relation 0: Alien."),
        ("Listeners tag {head} as {tail}.", True, ["loud", "new"], 2, "Listeners tag Alien as loud and new."),
        ("{head} is by {tail}.", True, ["M.I.A."], 1, "Alien is by M.I.A."),
        ("{head} is by {tail}.", True, ["And you..."], 1, "Alien is by And you...."),
        ("{tail} spielt in {head}.", True, ["Ada", "Bo"], 2, "Ada and Bo spielt in Alien."),
    ],
)
def test_facts_are_said_as_a_person_would(
    sentence: str, outgoing: bool, names: list[str], total: int, said: str
) -> None:
    assert sentence_about("Alien", facts(sentence, *names, outgoing=outgoing, total=total)) == said


def test_names_are_never_read_as_places() -> None:
    assert (
        sentence_about("{tail}", facts("{head} was directed by {tail}.", "{head}")) == "{tail} was directed by {head}."
    )


def test_a_label_is_told_in_words() -> None:
    assert in_words("MusicalArtist") == "musical artist"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\nc", "a b c"),
        (" \u202ered\u202c ", "red"),
        ("zero\u200bwidth", "zero width"),
        ("Ünïcode ☃", "Ünïcode ☃"),
        ("hy\u00adphen", "hyphen"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("half \ud83d a pair", "half a pair"),
    ],
)
def test_control_characters_are_taken_out(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_long_text_is_cut_at_a_word() -> None:
    assert cut("one two, three", 2) == "one two…"
    assert cut("one two", 2) == "one two"
