"""Text of strangers: names, descriptions, reviews, and profiles that were made from them (llm.md §6)."""

from __future__ import annotations

import hashlib
import hmac
import re

from llm_profiles.sentences import clean

_RULE = re.compile(r"([=<>#*_~`-])\1{3,}")
"""Four or more of a sign that lines between sections are made of."""

_CODE = re.compile(r"^===== data (\w+) begin =====$", re.MULTILINE)


def plain(text: str, characters: int) -> str:
    """Give a text fit to stand in one line of a prompt.

    Control and invisible characters go, and runs of signs are shortened to three, so that no text can look like the
    lines around the data.

    Args:
        text: what a stranger wrote.
        characters: the most that is kept; a longer text is cut between words and ends with `…`.
    """
    line = _RULE.sub(r"\1\1\1", clean(text))
    if len(line) <= characters:
        return line
    whole_words, _, rest = line[: characters - 1].rpartition(" ")
    return f"{(whole_words or rest).rstrip('.,;: ')}…"


def mark(salt: str, content: str) -> str:
    """Give the code of the lines around the data: 12 hex digits.

    Who writes a review cannot know it, for it depends on the ledger's salt and on all of the content; on resume it
    is the same again.
    """
    return hmac.new(salt.encode(), content.encode(), hashlib.sha256).hexdigest()[:12]


def lines_around(code: str) -> dict[str, str]:
    """Give the lines that stand before and after data, `begin` and `end`."""
    return {"begin": f"===== data {code} begin =====", "end": f"===== data {code} end ====="}


def codes_in(prompt: str) -> list[str]:
    """Give the codes of the lines around the data of a prompt."""
    return _CODE.findall(prompt)
