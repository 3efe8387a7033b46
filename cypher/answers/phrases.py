"""Phrases that profiles have in common and that few others have: what language models said of both."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WORDS = 3
"""The most words of a phrase."""
RARE = 0.5
"""Specificity from which a phrase tells something; one word alone must be rarer, for it may be any word."""
RARE_WORD = 0.6
COMMON_WORD = 0.25
"""A word that more than this share of the texts have neither begins nor ends a phrase, nor does a function word."""
FEWEST_TEXTS = 20
"""With fewer other texts nobody can tell what is common."""

FUNCTION_WORDS = frozenset(
    "a about above across after again all almost along also although always am among an and "  # noqa: SIM905  # one word a line
    "another any anything are around as at away be because become been before being below between both but by can "
    "could did do does doing down "
    "during each either else ever every few for from further had has have having he her here hers him his how however "
    "i if in into is it its itself just least less like made make makes making many may me might more most much must "
    "my near neither never no nor not now of off often on once one only onto or other our out over own per perhaps "
    "quite rather same several she should since so some something sometimes soon still such than that the their them "
    "then there these they this those though through throughout to together too toward towards under until up upon us "
    "use various very was we well were what when where whether which while who whole whom whose why will with within "
    "without would yet you your".split()
)
"""Of English, in which profiles are written; those of another language are mostly met as common words."""

_PIECES = re.compile(r"[^\w\s&'’-]+|\s['’-]+|['’-]+\s")
_WORD = re.compile(r"[^\W_](?:[\w&'’-]*\w)?")


@dataclass(frozen=True)
class Phrase:
    """A phrase of one text that others share.

    Attributes:
        words: as the text has them.
        specificity: 0..1, 1 where no other text has it; falls with ln of the number that do.
        holders: names of the texts that share it.
    """

    words: str
    specificity: float
    holders: tuple[str, ...]

    @property
    def contribution(self) -> float:
        """What it is ranked by, as a shared entity is: specificity x holders / (holders + 1)."""
        return self.specificity * len(self.holders) / (len(self.holders) + 1)


def common_phrases(
    text: str, shared_with: Mapping[str, str], others: Sequence[str], limit: int, *, own_name: str = ""
) -> list[Phrase]:
    """Find rare phrases of a text that some of the given texts have too, the most telling first.

    Args:
        text: whose phrases they are.
        shared_with: texts by a name of each.
        others: texts of the same kind, which tell what is common.
        limit: the most phrases; no two have a word in common.
        own_name: words that only name what the text is about, and tell nothing.

    Returns:
        none where there are fewer than `FEWEST_TEXTS` others.
    """
    if len(others) < FEWEST_TEXTS:
        return []
    known = [_plain(other) for other in others]
    held = {name: _plain(other) for name, other in shared_with.items()}
    named = {word.lower() for word in _WORD.findall(own_name)}
    found = []
    for phrase, words in _phrases(text).items():
        parts = phrase.split(" ")
        if named & set(parts) or FUNCTION_WORDS & {parts[0], parts[-1]}:
            continue
        holders = tuple(name for name, other in held.items() if f" {phrase} " in other)
        specificity = _specificity(phrase, known) if holders else 0.0
        if specificity >= (RARE if len(parts) > 1 else RARE_WORD) and not _is_common(parts, known):
            found.append(Phrase(words, specificity, holders))
    found.sort(key=lambda phrase: (-phrase.contribution, -len(phrase.words), phrase.words))
    return list(_apart(found, limit))


def _specificity(phrase: str, texts: Sequence[str]) -> float:
    count = sum(f" {phrase} " in text for text in texts)
    return max(0.0, 1 - math.log(1 + count) / math.log(1 + len(texts)))


def _is_common(parts: Sequence[str], texts: Sequence[str]) -> bool:
    """Tell whether the phrase begins or ends with a word that very many texts have."""
    edges = {parts[0], parts[-1]}
    return any(sum(f" {word} " in text for text in texts) > COMMON_WORD * len(texts) for word in edges)


def _apart(phrases: Sequence[Phrase], limit: int) -> Iterator[Phrase]:
    """Give phrases that have no word in common, in their order."""
    used: set[str] = set()
    for phrase in phrases:
        words = set(phrase.words.lower().split(" "))
        if limit > 0 and not used & words:
            used |= words
            limit -= 1
            yield phrase


def _plain(text: str) -> str:
    """Give the words in small letters between single spaces, pieces parted by a bar."""
    return " ".join(f" {' '.join(_WORD.findall(piece))} |" for piece in _PIECES.split(text)).lower()


def _phrases(text: str) -> dict[str, str]:
    """Give the runs of one to `WORDS` words that no punctuation parts: in small letters, and as they stand."""
    found: dict[str, str] = {}
    for piece in _PIECES.split(text):
        words = _WORD.findall(piece)
        for start in range(len(words)):
            for stop in range(start + 1, min(start + WORDS, len(words)) + 1):
                phrase = " ".join(words[start:stop])
                found.setdefault(phrase.lower(), phrase)
    return found
