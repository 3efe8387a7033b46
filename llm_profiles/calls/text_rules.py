"""What a profile's text must not be: a refusal, an error, a form that was not filled in, a copy of the prompt.

Each rule gives what is wrong as a sentence that a model can be told, or nothing.
"""

from __future__ import annotations

import re

from llm_profiles.prompts.untrusted import codes_in

MOST_COPIED = 20
"""The most words in a row that may stand in the prompt just so; lists of names and short quotations are shorter."""

LEAST_WORDS = 8

_REFUSAL = re.compile(
    r"^\W*(?:(?:i['’]?m|i am) (?:very |so |truly |really )?(?:sorry|afraid)(?:[,.;:!]| but| that| i\b|$)"
    r"|(?:sorry|apologies|unfortunately)(?:[,.;:!] (?:but )?| but )(?:i|we)\b"
    r"|i (?:can(?:no|['’])t|cannot|won['’]?t|will not|am (?:not able|unable)|do(?:n['’]| no)t have)\b"
    r"|i['’]?m (?:unable|not able)\b|i (?:must|have to) (?:decline|refuse)\b"
    r"|as an? (?:ai|artificial|large|language)\b)"
    r"|\bas an? (?:ai|large) (?:language )?(?:model|assistant)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"^\W*(?:error\b\W*(?:code|\d|occurred|:)|exception\b\W*:|traceback \(|model call failed|internal server error"
    r"|(?:http )?[45]\d\d (?:error|bad|unauthorized|forbidden|not found|too many|internal|service|gateway))"
    r"|\berror code: \d{3}\b|\brate limit (?:reached|exceeded)\b|\bmodel call failed after\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|\bwww\.\w|\b[\w.+-]+@\w+\.\w{2,}\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\[(?:insert|your|the|name|title|item|user|entity|artist|film|movie|book|genre|author|director|profile|\.\.\.|…)"
    r"[^\]]{0,40}\]|\{\{?\s*\w+\s*\}?\}|<\s*(?:insert|your|name|title|item|profile)[^>]{0,40}>|\blorem ipsum\b"
    r"|^\W*(?:todo|tbd|n/?a|none|null|unknown|the paragraph|\.\.\.|…)\W*$|={4,}",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_COMMON = re.compile(
    r"\b(?:the|of|and|to|in|is|that|for|with|as|by|from|who|which|this|it|its|are|was|has|have|on|at|an|or|their|be)\b",
    re.IGNORECASE,
)
_COMMON_SHARE = 0.1
_ENOUGH_TO_TELL = 25
"""Words from which on the language is looked at: a few words of English, or names alone, tell nothing."""


def refusal(text: str) -> str:
    """A model that says that it will not, or what it is."""
    return "it declines to write a profile" if _REFUSAL.search(text) else ""


def error_text(text: str) -> str:
    """The text of an error that came in an answer's place (llm.md §2.2)."""
    return "it is the text of an error, no profile" if _ERROR.search(text) else ""


def address(text: str) -> str:
    """Links and addresses; strangers put them into what they write (llm.md §6)."""
    return "it holds a link or an address" if _ADDRESS.search(text) else ""


def placeholder(text: str) -> str:
    """A form that was not filled in, or the marks of the prompt."""
    found = _PLACEHOLDER.search(text)
    return f"it holds '{found[0].strip()[:40]}', which was to be filled in or left out" if found else ""


def too_short(text: str) -> str:
    """Too few words to say anything."""
    count = len(_WORD.findall(text))
    return f"it has {count} words, which is too few for a profile" if count < LEAST_WORDS else ""


def language(text: str, prompt: str) -> str:
    """Another language than that of the prompt, where that is English; one's own prompts may have another."""
    return "it is not in English" if _is_english(text) is False and _is_english(prompt) is not False else ""


def copied(text: str, prompt: str) -> str:
    """Many words in a row that stand in the prompt: instructions, or somebody's review."""
    asked, words = " ".join(prompt.split()).casefold(), text.casefold().split()
    # A run that long holds one of the halves that follow each other without overlap, which are few to look for.
    half = MOST_COPIED // 2
    if not any(" ".join(words[start : start + half]) in asked for start in range(0, len(words) - half + 1, half)):
        return ""
    runs = (" ".join(words[start : start + MOST_COPIED]) for start in range(len(words) - MOST_COPIED + 1))
    return f"{MOST_COPIED} words in a row are copied from the prompt" if any(run in asked for run in runs) else ""


def marked(text: str, prompt: str) -> str:
    """The random code of the lines around the data: words about the prompt, not about the node."""
    told = any(code in text for code in codes_in(prompt))
    return "it speaks of the data and its marks instead of what they are about" if told else ""


def within(text: str, cap: int) -> str:
    """Give the text within its word cap, cut where a sentence ends; empty where too little would be left."""
    words = text.split()
    if len(words) <= cap:
        return text
    kept = cap
    while kept > cap // 2 and not ends_a_sentence(words[kept - 1]):
        kept -= 1
    return " ".join(words[:kept]) if kept > cap // 2 else ""


def ends_a_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return text.rstrip("\"'”’»)] ").endswith((".", "!", "?", "…", "。", "！", "？"))


def _is_english(text: str) -> bool | None:
    """Tell English by the share of its commonest words; None where there are too few words to tell."""
    count = len(_WORD.findall(text))
    return len(_COMMON.findall(text)) >= _COMMON_SHARE * count if count >= _ENOUGH_TO_TELL else None
