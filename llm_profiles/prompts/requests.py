"""From a context to the request that is sent: the prompt's words, the data between marks, and its key."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from llm_profiles.calls.request import Request, Sampling, request_key
from llm_profiles.contract import KINDS, WORD_CAPS, Context, Kind, text_hash
from llm_profiles.prompts.domains import Domain
from llm_profiles.prompts.prompt import Part, Prompt, load_prompt
from llm_profiles.prompts.untrusted import lines_around, mark, plain
from llm_profiles.prompts.variables import Told, shown_profiles, told
from llm_profiles.sentences import clean
from spikegraph.errors import UsageError

ERROR_CHARACTERS = 400
"""The most that a model is told of what was wrong with its answer."""

_SYSTEM = frozenset({"kind", "domain", "words", "answers"})
_MARKS = frozenset({"begin", "end"})
_DATA = frozenset(Told.__dataclass_fields__)
_KNOWN: dict[Part, frozenset[str]] = {"system": _SYSTEM, "user": _SYSTEM | _MARKS | _DATA, "again": _SYSTEM | {"error"}}
_WORD = re.compile(r"[^\W\d_]{2,}")


def load_prompts(folder: Path | None = None) -> dict[Kind, Prompt]:
    """Give the prompts of all kinds (see `load_prompt`)."""
    return {kind: load_prompt(kind, folder) for kind in KINDS}


@dataclass(frozen=True)
class RequestMaker:
    """Makes requests; the same context gives the same request on every machine, but for the mark.

    Attributes:
        model: as asked for (`openai:gpt-4o-mini`).
        sampling: how answers are drawn, and whether as JSON or text.
        prompts: by kind.
        domain: the words for the items.
        salt: of the ledger; makes the marks around the data unpredictable.
        mode: `chain` or `agent`.
        generation: goes up when everything is to be written again.
    """

    model: str
    sampling: Sampling
    prompts: Mapping[Kind, Prompt]
    domain: Domain
    salt: str
    mode: str = "chain"
    generation: int = 0

    def __post_init__(self) -> None:
        for prompt in self.prompts.values():
            _check(prompt)

    def of(self, context: Context) -> Request:
        """Give the request for a node."""
        prompt, system, data = self.prompts[context.kind], self._systems[context.kind], told(context)
        variables = self._variables(context.kind) | {name: getattr(data, name) for name in _DATA}
        unmarked = prompt.render("user", **variables, **lines_around(""))
        user = prompt.render("user", **variables, **lines_around(mark(self.salt, unmarked)))
        reads = {key: text_hash(profile) for key, profile in shown_profiles(context).items()}
        return Request(
            kind=context.kind,
            node=context.key,
            system=system,
            user=user,
            prompt=prompt.label,
            key=self._key(prompt, system, unmarked),
            parts=self._same_parts[context.kind] | _parts(context, data),
            reads=reads,
        )

    def again(self, request: Request, error: str) -> str:
        """Give the words of a re-ask, which follow the answer that cannot be used.

        Args:
            request: what was asked.
            error: what is wrong with the answer, as a sentence.
        """
        prompt = self.prompts[request.kind]
        return prompt.render("again", error=plain(error, ERROR_CHARACTERS), **self._variables(request.kind))

    def is_thin(self, context: Context) -> bool:
        """Whether there is nothing to write from but a name: numbers without words say nothing either."""
        lines = [*context.texts, *(review.text for review in context.reviews)]
        for near in chain(context.items, *(facts.neighbours for facts in context.facts)):
            lines += [near.name, near.profile]
        return not any(_WORD.search(line) for line in lines)

    def _variables(self, kind: Kind) -> dict[str, Any]:
        return {
            "kind": kind,
            "domain": self.domain,
            "words": WORD_CAPS[kind],
            "answers": self.sampling.answers,
        }

    def _key(self, prompt: Prompt, system: str, user: str) -> str:
        return request_key(
            self.model, self.sampling, prompt.label, (system, user), mode=self.mode, generation=self.generation
        )

    @cached_property
    def _systems(self) -> dict[Kind, str]:
        """The system messages: no word of a node is in them, so providers can keep them in their prompt caches."""
        return {kind: prompt.render("system", **self._variables(kind)) for kind, prompt in self.prompts.items()}

    @cached_property
    def _same_parts(self) -> dict[Kind, dict[str, str]]:
        """The parts that are the same for all nodes of a kind."""
        words = self.domain.model_dump(exclude={"labels", "datasets"})
        return {
            kind: _short_hashes(
                prompt=[prompt.label, words, WORD_CAPS[kind]],
                model=[self.model, self.mode],
                sampling=asdict(self.sampling),
                generation=self.generation,
            )
            for kind, prompt in self.prompts.items()
        }


def _parts(context: Context, data: Told) -> dict[str, str]:
    """Name what a request is made from, part by part.

    Profiles that it reads are named one by one in `reads`; a user's items are the same with and without theirs.
    """
    taken = [[clean(item.name) for item in context.items], data.num_items, data.shared]
    linked = [] if context.kind == "user" else [[item.links for item in data.items], data.more_items]
    return _short_hashes(
        facts=[data.name, data.label, data.facts, data.two_hop],
        texts=data.texts,
        reviews=[(review.about, review.text) for review in data.reviews],
        items=[taken, linked],
    )


def _short_hashes(**contents: object) -> dict[str, str]:
    texts = {part: json.dumps(content, sort_keys=True, ensure_ascii=False) for part, content in contents.items()}
    return {part: hashlib.sha256(text.encode()).hexdigest()[:12] for part, text in texts.items()}


def _check(prompt: Prompt) -> None:
    """Refuse a prompt before the first call: variables that are not there, data without the lines around them."""
    for part, known in _KNOWN.items():
        unknown = sorted(prompt.variables(part) - known)
        if unknown:
            hint = f"there are: {', '.join(sorted(known))}"
            raise UsageError(f"{part}: there is no variable '{unknown[0]}'", where=prompt.where, hint=hint)
    named = prompt.variables("user")
    if named & _DATA and not named >= _MARKS:
        hint = "put {{ begin }} before the data and {{ end }} after them: strangers wrote some of it"
        raise UsageError("user: the data stand without marks", where=prompt.where, hint=hint)
