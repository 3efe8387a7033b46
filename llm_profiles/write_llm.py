"""Writing a profile set with a language model: stage by stage into the ledger, then the set with its report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from llm_profiles.contract import KINDS, Kind, LlmRecord, Profile, ProfileReport
from llm_profiles.llm_run import Books, LlmRun
from llm_profiles.neighbourhood import Neighbourhood
from llm_profiles.prompts.prompt import load_prompt
from llm_profiles.report.quality import quality_report
from llm_profiles.terms import finished, sampling_record
from llm_profiles.write import saved, written
from llm_profiles.writers.template import TemplateWriter
from spikegraph.errors import LimitReachedError, UsageError
from spikegraph.logs import get_logger, progress

if TYPE_CHECKING:
    from cypher.store import Store
    from llm_profiles.writers.chat import ChatWriter

PAGE = 5000
"""Profiles that are read from the ledger at once."""

log = get_logger(__name__)


def write(store: Store, run: LlmRun) -> ProfileReport:
    """Write the chosen nodes, kind by kind, and make the profile set of what the ledger holds then.

    What was paid for is in the ledger at once, so the same call goes on where an interrupted one ended.

    Args:
        store: where the graph is.
        run: opened by `open_run`.

    Raises:
        UsageError: the cost is limited, and nobody knows what the model costs.
        ProviderError: the provider refuses the key, or does not answer.
        LimitReachedError: a limit of cost, tokens or nodes; the set holds what was written until then.
        DatabaseError: the data set changed meanwhile; what was paid for is in the ledger.
    """
    _require_price(run)
    started = time.perf_counter()
    filled: list[Profile] = []
    writer = writer_of(run)
    with progress("writing profiles", sum(map(len, run.chosen.values()))) as advance:
        try:
            for kind in (kind for kind in KINDS if kind in run.chosen):
                with closing(writer.write(run.contexts(kind, run.chosen[kind]))) as profiles:
                    for profile in profiles:
                        filled += [profile] if profile.model is None else []
                        advance(1)
        except LimitReachedError:
            if run.ledger.totals().nodes:
                save(store, run, filled, started)
            raise
    if run.options.is_whole:
        finished(run.ledger)
    return save(store, run, filled, started)


def save(store: Store, books: Books, filled: Sequence[Profile], started: float) -> ProfileReport:
    """Make the profile set of what the ledger holds; kinds that no model was asked for take the template's profiles.

    Args:
        store: where the graph is.
        books: terms and ledger of the set.
        filled: profiles that the template wrote for nodes that were given up.
        started: of the work, by `time.perf_counter`.
    """
    profiles = [*_answered(books), *filled]
    untouched: dict[Kind, Sequence[str]] = {
        kind: books.keys[kind] for kind in KINDS if not books.ledger.totals(kind).calls
    }
    if untouched:
        profiles += written(Neighbourhood(store, books.terms.dataset), TemplateWriter(), untouched)
    exposed_to, neighbourhood = books.terms.splits, books.neighbourhood
    record = _record(books, profiles)
    return saved(
        store, books.home, neighbourhood, books.terms.set, profiles, books.keys, exposed_to, started, llm=record
    )


def writer_of(run: LlmRun) -> ChatWriter:
    """Give what writes a run's profiles: one call a node, with the repair agent behind it, or an agent a node."""
    from llm_profiles.agents.reads import reads_of
    from llm_profiles.agents.repair import Repair
    from llm_profiles.agents.writer import AgentWriter
    from llm_profiles.calls.budget import Budget
    from llm_profiles.calls.send import Sender
    from llm_profiles.writers.chat import ChatWriter

    options, settings = run.options, run.settings
    budget = Budget(run.ledger, max_cost=options.max_cost, max_tokens=options.max_tokens, max_nodes=options.max_nodes)
    fallback = TemplateWriter() if options.fallback else None
    given = (run.chat, run.requests, run.ledger, budget, settings)
    if options.mode == "agent":
        return AgentWriter(
            *given, reads_of(run.neighbourhood.tools, run.ledger), refresh=options.refresh, fallback=fallback
        )
    sender = Sender(run.chat, run.ledger, budget, settings)
    repair = None
    if options.repair_share:
        prompt = load_prompt("repair", settings.prompts)
        repair = Repair(sender, reads_of(run.neighbourhood.tools, run.ledger), prompt, options.repair_share)
    return ChatWriter(*given, refresh=options.refresh, fallback=fallback, repair=repair, sender=sender)


def _require_price(run: LlmRun) -> None:
    if run.options.max_cost is not None and run.chat.prices is None:
        hint = "name its price in a file of your own (llm.prices), or limit --max-tokens"
        raise UsageError(
            "the price of this model is not known, so its cost cannot be limited", where=run.chat.asked, hint=hint
        )


def _answered(books: Books) -> list[Profile]:
    """Give the current profiles of the nodes that are in the graph."""
    found: list[Profile] = []
    for kind in KINDS:
        keys = books.keys[kind]
        for start in range(0, len(keys), PAGE):
            entries = books.ledger.current(keys[start : start + PAGE])
            found += [entry.profile() for entry in entries.values()]
    return found


def _record(books: Books, profiles: Sequence[Profile]) -> LlmRecord:
    terms, totals, about = books.terms, books.ledger.totals(), books.ledger.about()
    counts = {f"calls_{status}": count for status, count in totals.calls.items()}
    counts |= {f"attempts_{outcome}": count for outcome, count in totals.outcomes.items()}
    counts |= {"tokens_in": totals.tokens_in, "tokens_out": totals.tokens_out, "tokens_cached": totals.tokens_cached}
    nodes = {kind: len(books.keys[kind]) for kind in KINDS}
    report = quality_report(books.neighbourhood, profiles, nodes, books.ledger, np.random.default_rng(0))
    return LlmRecord(
        mode=terms.mode,
        asked=terms.model,
        served=tuple(sorted({profile.model for profile in profiles if profile.model})),
        address=about.get("address", ""),
        prompts={kind: prompt.label for kind, prompt in books.requests.prompts.items()},
        plan=terms.plan.sha(),
        sampling=sampling_record(terms.sampling),
        totals=counts,
        cost=None if totals.unpriced else totals.cost,
        prices=about.get("prices") or None,
        report=report.model_dump(mode="json"),
    )
