"""The writer without a language model: plain sentences from the train neighbourhood, always the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from llm_profiles.contract import WORD_CAPS, Context, Facts, Profile

NAMES = {"item": 20, "entity": 12, "user": 25}
"""The most names in one list, by the kind of the profile."""

TEXT_WORDS = 60
"""Words kept for the item's own text."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_PLACE = re.compile(r"\{(head|tail)\}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class TemplateWriter:
    """Verbalises facts with the words of their relations, within the word caps."""

    name = "template"
    model: str | None = None
    reads_profiles = False

    def write(self, contexts: Iterable[Context]) -> Iterator[Profile]:
        """Write one profile a context, in their order."""
        for context in contexts:
            text = _user(context) if context.kind == "user" else _entity(context)
            yield Profile(context.key, context.kind, text, self.name)


def _entity(context: Context) -> str:
    cap = WORD_CAPS[context.kind]
    own_text = cut(clean(" ".join(context.texts)), TEXT_WORDS)
    name = clean(context.name)
    sentences = [f"{name} is {_with_article(context.label)}." if context.label else f"{name}."]
    sentences += [_sentence(name, facts, NAMES[context.kind]) for facts in context.facts]
    return " ".join(part for part in (cut(" ".join(sentences), cap - len(own_text.split())), own_text) if part)


def _user(context: Context) -> str:
    items = _list([item.name for item in context.items], NAMES["user"], context.num_items)
    sentences = [f"This user took {items}." if items else "This user has no train items."]
    if context.shared:
        often = ", ".join(f"{shared.words} {clean(shared.name)} ({shared.count})" for shared in context.shared)
        sentences.append(f"Often among them: {often}.")
    sentences += [f'About {clean(review.about)}: "{clean(review.text)}"' for review in context.reviews]
    return cut(" ".join(sentences), WORD_CAPS["user"])


def _sentence(name: str, facts: Facts, most: int) -> str:
    """Fill the relation's sentence; several heads take a form that needs no plural (`Genre Drama: A, B and C.`)."""
    others = _list([near.name for near in facts.neighbours], most, facts.total)
    if facts.total > 1 and not facts.outgoing:
        return f"{facts.words[:1].upper()}{facts.words[1:]} {name}: {others}."
    ends = {"head": name, "tail": others} if facts.outgoing else {"head": others, "tail": name}
    return _PLACE.sub(lambda place: ends[place[1]], facts.sentence)


def _list(names: Sequence[str], most: int, total: int) -> str:
    """Give `A, B and C`, or `A, B and 7 more` where there are more."""
    shown = [cleaned for cleaned in map(clean, names[:most]) if cleaned]
    if total > len(shown):
        return f"{', '.join(shown)} and {total - len(shown)} more" if shown else ""
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _with_article(label: str) -> str:
    words = _CAMEL.sub(" ", label).lower()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def clean(text: str) -> str:
    """Give the text in one line without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def cut(text: str, words: int) -> str:
    """Give the first words of a text in one line, with `…` where some are left out."""
    parts = text.split()
    return " ".join(parts) if len(parts) <= words else f"{' '.join(parts[:words]).rstrip('.,;')}…"
