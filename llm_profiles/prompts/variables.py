"""What a prompt's templates are filled with: a context in plain lines.

All of it is text of strangers; nothing here is a template, and every value stands in one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from llm_profiles.contract import Context, Facts, Neighbour
from llm_profiles.prompts.untrusted import plain
from llm_profiles.sentences import in_a_list, in_words, sentence_about

NAME_CHARACTERS = 200
SENTENCE_CHARACTERS = 1500
TEXT_CHARACTERS = 4000
"""Far above what plans ask for: they hold where no plan does (a writer of one's own contexts)."""

NO_LABELS = frozenset({"Thing", "Entity", "Item"})
"""Type labels that say nothing."""


@dataclass(frozen=True, slots=True)
class ToldItem:
    """An item that leads to the described entity, or that the described user took.

    Attributes:
        name: its name.
        links: how it is linked with the entity, in sentences; empty for users.
        profile: its own profile; may be empty.
    """

    name: str
    links: str
    profile: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A review: what it is about (empty where the item is described itself), and its text."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A context in plain lines.

    Attributes:
        name: of the node; empty for users, whose names are nobody's business.
        label: its type in words; may be empty.
        facts: sentences.
        two_hop: sentences about its neighbours.
        texts: its own texts.
        items: items with what is known of them, best known or latest first.
        more_items: what is left out of them, in words; may be empty.
        num_items: how many train items a user has.
        shared: what several of a user's items have in common: `genre drama (4)`.
        reviews: remarks.
    """

    name: str
    label: str
    facts: tuple[str, ...]
    two_hop: tuple[str, ...]
    texts: tuple[str, ...]
    items: tuple[ToldItem, ...]
    more_items: str
    num_items: int
    shared: tuple[str, ...]
    reviews: tuple[Remark, ...]


def told(context: Context) -> Told:
    """Put a context into plain lines."""
    is_user, is_entity = context.kind == "user", context.kind == "entity"
    name = "" if is_user else _name(context.name)
    label = "" if context.label in NO_LABELS else plain(in_words(context.label), NAME_CHARACTERS)
    of_items = [facts for facts in context.facts if facts.are_items and is_entity]
    others = _merged(facts for facts in context.facts if not (facts.are_items and is_entity))
    return Told(
        name=name,
        label=label,
        facts=_lines(_sentence(name, facts) for facts in others),
        two_hop=_lines(_sentence(_name(hop.via.name), hop.facts) for hop in context.two_hop),
        texts=_lines(plain(text, TEXT_CHARACTERS) for text in context.texts),
        items=_linked(name, of_items) if is_entity else _taken(context),
        more_items=_more_linked(of_items) if is_entity else _more_taken(context),
        num_items=context.num_items,
        shared=_lines(_name(f"{s.words} {s.name}") + f" ({s.count})" for s in context.shared),
        reviews=_remarks(context),
    )


def shown_profiles(context: Context) -> dict[str, str]:
    """Give the profiles that stand in the prompt of a context, by the key of their node."""
    near = context.items if context.kind == "user" else _item_neighbours(context)
    return {item.key: item.profile for item in near if item.profile}


def _item_neighbours(context: Context) -> list[Neighbour]:
    return [near for facts in context.facts if facts.are_items for near in facts.neighbours if context.kind == "entity"]


def _merged(all_facts: Iterable[Facts]) -> list[Facts]:
    """Put items and others of one relation and direction into one sentence."""
    merged: dict[tuple[str, bool], Facts] = {}
    for facts in all_facts:
        before = merged.get((facts.type, facts.outgoing))
        near, total = (before.neighbours, before.total) if before else ((), 0)
        together = replace(facts, neighbours=near + facts.neighbours, total=total + facts.total)
        merged[facts.type, facts.outgoing] = together
    return list(merged.values())


def _linked(name: str, all_facts: Iterable[Facts]) -> tuple[ToldItem, ...]:
    """One line an item, with all sentences that link it with the entity."""
    links: dict[str, list[str]] = {}
    nearest: dict[str, Neighbour] = {}
    for facts in all_facts:
        for near in facts.neighbours:
            nearest[near.key] = near if near.profile else nearest.get(near.key, near)
            links.setdefault(near.key, []).append(_sentence(name, replace(facts, neighbours=(near,), total=1)))
    return tuple(_told_item(near, " ".join(links[key])) for key, near in nearest.items())


def _more_linked(all_facts: Iterable[Facts]) -> str:
    left = [(facts.total - len(facts.neighbours), facts.words) for facts in all_facts]
    return ", ".join(f"{count} more ({plain(words, NAME_CHARACTERS)})" for count, words in left if count > 0)


def _taken(context: Context) -> tuple[ToldItem, ...]:
    return tuple(_told_item(item, "") for item in context.items if item.profile)


def _more_taken(context: Context) -> str:
    """Name the items without a profile, and count those that are not named."""
    with_profile = sum(1 for item in context.items if item.profile)
    names = [_name(item.name) for item in context.items if not item.profile]
    return in_a_list(names, len(names), max(context.num_items - with_profile, len(names)))


def _told_item(item: Neighbour, links: str) -> ToldItem:
    return ToldItem(_name(item.name), links, plain(item.profile, TEXT_CHARACTERS))


def _remarks(context: Context) -> tuple[Remark, ...]:
    remarks = (Remark(plain(r.about, NAME_CHARACTERS), plain(r.text, TEXT_CHARACTERS)) for r in context.reviews)
    return tuple(remark for remark in remarks if remark.text)


def _sentence(name: str, facts: Facts) -> str:
    short = tuple(replace(near, name=_name(near.name)) for near in facts.neighbours)
    return plain(sentence_about(name, replace(facts, neighbours=short)), SENTENCE_CHARACTERS) if short else ""


def _name(name: str) -> str:
    return plain(name, NAME_CHARACTERS) or "(without a name)"


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text)
