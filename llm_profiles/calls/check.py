"""From an answer to a profile: the ladder of llm.md §3. What does not pass is never stored.

A rung that an answer does not pass says what is wrong and what may help, which is tried once: more room, the same
again, or telling the model. Refusals are final.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from json_repair import repair_json

from llm_profiles.calls import text_rules
from llm_profiles.calls.request import Answers
from llm_profiles.contract import WORD_CAPS, Kind

Remedy = Literal["", "room", "same", "told"]
"""What may help: nothing, more tokens for the answer, the same request again, telling the model what is wrong."""

RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "profile",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"profile": {"type": "string"}},
            "required": ["profile"],
            "additionalProperties": False,
        },
    },
}
"""The form of JSON answers, for servers that hold a model to it."""

MOST_ALIKE = 3
"""The most nodes of a run that may have the very same text."""

_CUT_SHORT = frozenset({"length", "max_tokens", "model_length"})
_FILTERED = frozenset({"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii"})
_FENCE = re.compile(r"^\s*```[a-z]*\s*\n(.*?)\n?\s*```\s*$", re.DOTALL | re.IGNORECASE)
_PREAMBLE = re.compile(r"^(?:sure|certainly|of course|here is|here['’]s|okay|profile)\b[^\n:]{0,80}:\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer is worth.

    Attributes:
        text: the profile; empty where there is none.
        outcome: `ok`, or the rung that it did not pass (`length`, `content_filter`, `refusal`, `empty`, `json`,
            `schema`, `text`, `alike`).
        error: what is wrong, as a sentence about the answer (`it has 3 words …`).
        remedy: what may help.
        repaired: the text was not quite in the form that was asked for.
    """

    text: str = ""
    outcome: str = "ok"
    error: str = ""
    remedy: Remedy = ""
    repaired: bool = False


class Check:
    """The ladder for the answers of one run; it remembers their texts, to see those that many nodes have."""

    def __init__(self, answers: Answers = "json", *, most_alike: int = MOST_ALIKE) -> None:
        self.answers = answers
        self._most_alike = most_alike
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()

    def of(self, kind: Kind, content: str, *, finish_reason: str = "", refusal: str = "", prompt: str = "") -> Verdict:
        """Check an answer; may be called from many threads.

        Args:
            kind: of the node.
            content: of the answer.
            finish_reason: as the provider gave it.
            refusal: what the provider says in an answer's place.
            prompt: what was asked, both messages; empty where that is not known any more.
        """
        reason = finish_reason.lower()
        if reason in _FILTERED:
            return Verdict(outcome="content_filter", error="the provider's filter held it back")
        if refusal or reason == "refusal":
            return Verdict(outcome="refusal", error=(refusal or "the model refused").strip()[:200])
        if reason in _CUT_SHORT:
            return Verdict(outcome="length", error="it was cut off: too long for its tokens", remedy="room")
        if not content.strip():
            return Verdict(outcome="empty", error="it is empty", remedy="same")
        if text_rules.refusal(content):
            return Verdict(outcome="refusal", error=" ".join(content.split())[:200])
        return self._text(kind, _profile_in(content, self.answers), prompt)

    def text(self, kind: Kind, text: str, prompt: str = "") -> Verdict:
        """Check a text that needs no unpacking, as an agent gives it."""
        return self._text(kind, Verdict(text.strip()), prompt)

    def _text(self, kind: Kind, found: Verdict, prompt: str) -> Verdict:
        if found.outcome != "ok":
            return found
        text = " ".join(found.text.split())
        if text_rules.refusal(text):
            return Verdict(outcome="refusal", error=text[:200])
        wrong = _wrong_with(text, prompt) or ("it ends in the middle" if _is_cut(found, text) else "")
        if wrong:
            return Verdict(outcome="text", error=wrong, remedy="told")
        cut = text_rules.within(text, WORD_CAPS[kind])
        if not cut:
            return Verdict(outcome="text", error=f"it has more than {WORD_CAPS[kind]} words", remedy="told")
        if self._is_one_of_many(cut):
            return Verdict(outcome="alike", error="it is word by word what other nodes have", remedy="told")
        return Verdict(cut, repaired=found.repaired or cut != text)

    def _is_one_of_many(self, text: str) -> bool:
        name = hashlib.blake2b(text.casefold().encode(), digest_size=8).digest()
        with self._lock:
            self._seen[name] += 1
            return self._seen[name] > self._most_alike


def _wrong_with(text: str, prompt: str) -> str:
    rules = (text_rules.error_text, text_rules.placeholder, text_rules.too_short, text_rules.address)
    own = next((wrong for rule in rules if (wrong := rule(text))), "")
    if own or not prompt:
        return own
    beside = (text_rules.marked, text_rules.language, text_rules.copied)
    return next((wrong for rule in beside if (wrong := rule(text, prompt))), "")


def _is_cut(found: Verdict, text: str) -> bool:
    """A repaired answer may have lost its end with its form."""
    return found.repaired and not text_rules.ends_a_sentence(text)


def _profile_in(content: str, answers: Answers) -> Verdict:
    """Take the profile out of the form of the answer."""
    fenced = _FENCE.match(content)
    inner = fenced[1] if fenced else content.strip()
    if answers == "text" and not inner.startswith("{"):
        bare = _PREAMBLE.sub("", inner).strip()
        return Verdict(bare, repaired=bare != content.strip())
    return _from_json(inner, repaired=bool(fenced))


def _from_json(inner: str, *, repaired: bool) -> Verdict:
    try:
        return _member(json.loads(inner), repaired=repaired)
    except ValueError as error:
        mended = repair_json(inner, return_objects=True, skip_json_loads=True)
        found = _member(mended, repaired=True)
        if found.outcome == "ok":
            return found
        return Verdict(outcome="json", error=f"it is not JSON: {error}", remedy="told")


def _member(value: Any, *, repaired: bool) -> Verdict:
    if isinstance(value, list) and len(value) == 1:  # an object among words comes out as a list
        value, repaired = value[0], True
    text = value.get("profile") if isinstance(value, dict) else None
    if isinstance(text, str) and text.strip():
        return Verdict(text.strip(), repaired=repaired)
    if text == "":
        return Verdict(outcome="empty", error="its profile is empty", remedy="same")
    return Verdict(outcome="schema", error='it is not an object with a text called "profile"', remedy="told")
