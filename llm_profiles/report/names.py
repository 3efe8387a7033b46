"""Names in profiles: which of a context's names a text mentions, and whether what it names stands in the context."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from llm_profiles.contract import Context

SHORT = 3
"""Names of fewer letters are not looked for: they stand in other words by chance."""

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?:;…\"“”»«(]\s*$")
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’-]*"
_NAMED = re.compile(rf"\b{_CAPITAL}(?:\s+{_CAPITAL})*|\b\d{{4}}\b")
_POSSESSIVE = re.compile(r"['’]s?$")


def plain_words(text: str) -> str:
    """Give the words of a text in lower case without accents, single spaces between and around them."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return f" {' '.join(_WORD.findall(bare.casefold()))} "


def mentions(words: str, name: str) -> bool:
    """Say whether a text, given as `plain_words`, mentions a name as whole words."""
    wanted = plain_words(name)
    return len(wanted.strip()) >= SHORT and wanted in words


def context_names(context: Context) -> list[str]:
    """Give the distinct names in a context, its own first; a user's own is left out."""
    own = [] if context.kind == "user" else [context.name]
    facts = [near.name for fact in context.facts for near in fact.neighbours]
    hops = [name for hop in context.two_hop for name in (hop.via.name, *(n.name for n in hop.facts.neighbours))]
    taken = [item.name for item in context.items] + [shared.name for shared in context.shared]
    found = dict.fromkeys([*own, *facts, *hops, *taken, *(review.about for review in context.reviews)])
    return [name for name in found if name]


def context_words(context: Context) -> str:
    """Give all words of a context, as `plain_words`."""
    near = [*context.items, *(n for fact in context.facts for n in fact.neighbours)]
    texts: Iterable[str] = (
        *context_names(context),
        context.label,
        *context.texts,
        *(review.text for review in context.reviews),
        *(neighbour.profile for neighbour in near),
        *(fact.words for fact in (*context.facts, *(hop.facts for hop in context.two_hop))),
        *(shared.words for shared in context.shared),
    )
    return plain_words(" | ".join(texts))


def named(text: str) -> list[str]:
    """Give what a text names: words with a capital that do not open a sentence, and years.

    Languages that write names like other words have none, and German has too many; the share of those that stand
    in the context compares texts of one set with one another, it is no measure of truth.
    """
    found: dict[str, None] = {}
    for match in _NAMED.finditer(text):
        opens = match.start() == 0 or _SENTENCE_END.search(text[max(0, match.start() - 4) : match.start()]) is not None
        words = match[0].split()[1 if opens else 0 :]
        name = _POSSESSIVE.sub("", " ".join(words))
        if name and name != "I":
            found[name] = None
    return list(found)


def unfounded(text: str, context: Context) -> list[str]:
    """Give what a text names and the context does not hold, not even word by word."""
    words = context_words(context)
    return [name for name in named(text) if not all(f" {word} " in words for word in plain_words(name).split())]
