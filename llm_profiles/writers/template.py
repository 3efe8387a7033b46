"""The writer without a language model: plain sentences from the train neighbourhood, always the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llm_profiles.contract import WORD_CAPS, Context, Facts, Profile
from llm_profiles.sentences import clean, cut, fill, in_a_list, in_words, with_article

NAMES = {"item": 20, "entity": 12, "user": 25}
"""The most names in one list, by the kind of the profile."""

TEXT_WORDS = 60
"""Words kept for the item's own text."""


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
    sentences = [f"{name} is {with_article(in_words(context.label))}." if context.label else f"{name}."]
    sentences += [_sentence(name, facts, NAMES[context.kind]) for facts in context.facts]
    return " ".join(part for part in (cut(" ".join(sentences), cap - len(own_text.split())), own_text) if part)


def _user(context: Context) -> str:
    items = in_a_list([item.name for item in context.items], NAMES["user"], context.num_items)
    sentences = [f"This user took {items}." if items else "This user has no train items."]
    if context.shared:
        often = ", ".join(f"{shared.words} {clean(shared.name)} ({shared.count})" for shared in context.shared)
        sentences.append(f"Often among them: {often}.")
    sentences += [f'About {clean(review.about)}: "{clean(review.text)}"' for review in context.reviews]
    return cut(" ".join(sentences), WORD_CAPS["user"])


def _sentence(name: str, facts: Facts, most: int) -> str:
    """Fill the relation's sentence; several heads take a form that needs no plural (`Genre Drama: A, B and C.`)."""
    others = in_a_list([near.name for near in facts.neighbours], most, facts.total)
    if facts.total > 1 and not facts.outgoing:
        return f"{facts.words[:1].upper()}{facts.words[1:]} {name}: {others}."
    return fill(facts.sentence, name, others) if facts.outgoing else fill(facts.sentence, others, name)
