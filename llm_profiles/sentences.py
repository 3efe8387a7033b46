"""Facts in words: sentences, lists, and text made fit to stand in a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llm_profiles.contract import Facts

_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u2060-\u2065\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e01ef]+")
"""What shows as nothing inside a word, or cannot be sent; tag characters can even carry hidden text."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_PLACE = re.compile(r"\{(head|tail)\}")
_TWO_STOPS = re.compile(r"(?<!\.)\.\.$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_SUBJECT_VERB = re.compile(r"(?P<subject>\{(?:head|tail)\}) (?P<verb>[a-z]+)\b(?P<article> an? (?P<noun>[a-z]+)\b)?")
_IRREGULAR = {"is": "are", "was": "were", "has": "have"}
_REGULAR = ((r"ies$", "y"), (r"(o|ss|x|ch|sh)es$", r"\1"), (r"([^su])s$", r"\1"))


def sentence_about(name: str, facts: Facts) -> str:
    """Say the facts as a person would: `Alien was directed by Ridley Scott`, `A, B and 3 more act in Alien`.

    Args:
        name: of the described node.
        facts: its neighbours; those that are not named are counted.
    """
    others = in_a_list([near.name for near in facts.neighbours], len(facts.neighbours), facts.total)
    several_are = "{tail}" if facts.outgoing else "{head}"
    subject_is_several = facts.total > 1 and facts.sentence.startswith(several_are)
    said = _in_plural(facts.sentence) if subject_is_several else facts.sentence
    filled = fill(said, name, others) if facts.outgoing else fill(said, others, name)
    return _TWO_STOPS.sub(".", filled)


def fill(sentence: str, head: str, tail: str) -> str:
    """Put names into a relation's sentence; braces in names stay braces."""
    ends = {"head": head, "tail": tail}
    return _PLACE.sub(lambda place: ends[place[1]], sentence)


def in_a_list(names: Sequence[str], most: int, total: int) -> str:
    """Give `A, B and C`, or `A, B and 7 more` where there are more."""
    shown = [cleaned for cleaned in map(clean, names[:most]) if cleaned]
    if total > len(shown):
        return f"{', '.join(shown)} and {total - len(shown)} more" if shown else ""
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def in_words(label: str) -> str:
    """Give a type label in words: `MusicalArtist` → `musical artist`."""
    return _CAMEL.sub(" ", label).lower()


def with_article(words: str) -> str:
    """Give `an actor`, `a film`."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def clean(text: str) -> str:
    """Give the text in one line without control and invisible characters."""
    return " ".join(_CONTROL.sub(" ", _INVISIBLE.sub("", text)).split())


def cut(text: str, words: int) -> str:
    """Give the first words of a text in one line, with `…` where some are left out."""
    parts = text.split()
    return " ".join(parts) if len(parts) <= words else f"{' '.join(parts[:words]).rstrip('.,;')}…"


def _in_plural(sentence: str) -> str:
    """Let the verb at the start agree with several: `acts in` → `act in`, `is a member of` → `are members of`."""

    def agree(found: re.Match[str]) -> str:
        noun = f" {found['noun']}s" if found["noun"] else ""
        return f"{found['subject']} {_plural_verb(found['verb'])}{noun}"

    return _SUBJECT_VERB.sub(agree, sentence, count=1)


def _plural_verb(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    changed = (re.sub(ending, plural, verb) for ending, plural in _REGULAR if re.search(ending, verb))
    return next(changed, verb)
