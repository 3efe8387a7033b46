"""One request to a language model: what is sent, what it was made from, and the key by which it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Literal

from llm_profiles.contract import Kind
from spikegraph.settings import LlmSettings

Answers = Literal["json", "text"]
"""Whether a model is asked for `{"profile": "…"}` or for the bare paragraph."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model draws its answer; part of the key, unlike retries and timeouts.

    Attributes:
        temperature: None where a model takes none.
        top_p: None for the provider's own.
        max_output_tokens: the most tokens of an answer.
        reasoning_effort: of models that think first (`minimal`, `low`); their thoughts count as output tokens.
        answers: JSON or text.
    """

    temperature: float | None = 0.0
    top_p: float | None = None
    max_output_tokens: int = 400
    answers: Answers = "json"
    reasoning_effort: str | None = None


def sampling_of(settings: LlmSettings) -> Sampling:
    """Give how answers are drawn by the settings."""
    return Sampling(**{part.name: getattr(settings, part.name) for part in fields(Sampling)})


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent for one node.

    Attributes:
        kind: what the node is.
        node: its key.
        system: the system message, the same for all nodes of a kind.
        user: the user message.
        prompt: id and the start of the SHA-256 of the prompt (`item/1@0a1b2c3d`).
        key: names the request: the same request has the same key on every machine and day.
        parts: SHA-256 starts of what it was made from (`facts`, `texts`, `reviews`, `items`, `prompt`,
            `model`, `sampling`, `generation`), so that a stale profile can say why.
        reads: the profiles it holds: key of the neighbour → hash of its profile.
    """

    kind: Kind
    node: str
    system: str
    user: str
    prompt: str
    key: str
    parts: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)

    @property
    def custom_id(self) -> str:
        """The request's name in a batch file: the first 48 hex digits of its key."""
        return self.key[:48]


def request_key(
    model: str, sampling: Sampling, prompt: str, messages: tuple[str, str], *, mode: str = "chain", generation: int = 0
) -> str:
    """Name a request: SHA-256 of everything that decides the answer, and of nothing else.

    Args:
        model: as asked for (`openai:gpt-4o-mini`).
        sampling: how the answer is drawn.
        prompt: id and SHA of the prompt.
        messages: system and user message, rendered with an empty mark between the data and the words around it.
        mode: `chain` or `agent`.
        generation: goes up when everything is to be written again.
    """
    content = [model, asdict(sampling), prompt, *messages, mode, generation]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
