"""The terms on which a language model writes a profile set; the ledger keeps them beside the calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from llm_profiles.calls.ledger import Ledger
from llm_profiles.calls.request import Sampling
from llm_profiles.contract import Split
from llm_profiles.plans.plan import NeighbourhoodPlan
from spikegraph.errors import UsageError

Refresh = Literal["missing", "stale", "failed", "all"]
"""Which nodes are written: those without a profile; also the stale ones; also dead letters; every one anew."""


class Terms(BaseModel):
    """What a set is written with, so that a later run, `status` and `merge` go by the same.

    Attributes:
        dataset: name of the data set.
        set: name of the profile set.
        model: as asked for (`openai:gpt-4o-mini`).
        mode: one call a node, or an agent.
        domain: whose words the prompts use (`films`).
        split_id: the split of the data set.
        splits: what the texts may see.
        plan: what is read of neighbourhoods.
        temperature: of the answers (see `Sampling`).
        top_p: the same.
        max_output_tokens: the same.
        answers: the same.
        reasoning_effort: the same.
        generation: how often everything was asked to be written anew.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    dataset: str
    set: str
    model: str
    mode: Literal["chain", "agent"] = "chain"
    domain: str
    split_id: str
    splits: tuple[Split, ...]
    plan: NeighbourhoodPlan
    temperature: float | None = 0.0
    top_p: float | None = None
    max_output_tokens: int = 400
    answers: Literal["json", "text"] = "json"
    reasoning_effort: str | None = None
    generation: int = 0

    @property
    def sampling(self) -> Sampling:
        """How answers are drawn."""
        return Sampling(self.temperature, self.top_p, self.max_output_tokens, self.answers, self.reasoning_effort)


def terms_of(ledger: Ledger) -> Terms | None:
    """Give the terms of a ledger; None where nothing was written yet."""
    about = ledger.about()
    return Terms.model_validate(json.loads(about["terms"])) if "terms" in about else None


def agree(ledger: Ledger, terms: Terms, refresh: Refresh) -> Terms:
    """Keep the terms of a run, and give them with their generation.

    Raises:
        UsageError: the set was begun with another model, or for another split, and `refresh` would keep what was
            written then: one kind of node has one writer, and texts of another split may have seen what is
            held out now.
    """
    before = terms_of(ledger)
    if before and refresh in ("missing", "failed"):
        _require_equal(before, terms)
    generation = _generation(ledger, before, refresh)
    agreed = terms.model_copy(update={"generation": generation})
    keep(ledger, agreed)
    return agreed


def keep(ledger: Ledger, terms: Terms) -> None:
    """Keep the terms in the ledger."""
    ledger.set_about(terms=terms.model_dump_json(), dataset=terms.dataset, set=terms.set, model=terms.model)
    ledger.set_about(split_id=terms.split_id, splits=",".join(terms.splits), mode=terms.mode)


def finished(ledger: Ledger) -> None:
    """Keep that everything that was to be written anew has been."""
    ledger.set_about(anew="")


def sampling_record(sampling: Sampling) -> dict[str, Any]:
    """Give the sampling as a run's provenance has it."""
    return asdict(sampling)


def _require_equal(before: Terms, now: Terms) -> None:
    for what in ("model", "mode", "split_id", "splits"):
        old, new = getattr(before, what), getattr(now, what)
        if old != new:
            hint = "--set-name OTHER begins another set beside it; --refresh stale writes all of this one with the new"
            raise UsageError(f"the profile set '{now.set}' was begun with {what} {old}, not {new}", hint=hint)


def _generation(ledger: Ledger, before: Terms | None, refresh: Refresh) -> int:
    """An interrupted `--refresh all` that is asked for again goes on, instead of paying for everything twice."""
    if before is None:
        return 0
    if refresh != "all" or ledger.about().get("anew"):
        return before.generation
    ledger.set_about(anew="yes")
    return before.generation + 1
