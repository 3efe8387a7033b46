"""Profiles by language models. LangChain is imported by what asks a model, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.api.profiles import Profiled, activated
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from llm_profiles.batch.export import ExportReport
    from llm_profiles.batch.imports import BatchReport
    from llm_profiles.contract import Kind, ProfileReport
    from llm_profiles.estimate import Estimate
    from llm_profiles.llm_run import LlmOptions, LlmRun
    from llm_profiles.show import ProfileView
    from llm_profiles.staleness import KindStatus

Before = Callable[["Estimate", tuple[str, ...]], None]
"""Sees what a run may cost, and who reads what, before the first call; it may raise to stop the run."""


def profile_llm(
    settings: Settings, name: str, options: LlmOptions, *, embedding: str = "lsa", before: Before | None = None
) -> tuple[ProfileReport, Profiled | None]:
    """Write profiles with a language model; unless only a part was asked for, the set becomes the active one.

    Args:
        settings: where the graph and the profile sets are; `llm.*` says how models are asked.
        name: the data set.
        options: the model, and what is written.
        embedding: text vectors to make of a set that becomes active.
        before: sees estimate and disclosure before the first call.

    Returns:
        the set that was written, and what activating it did; None for a sample or a shard.

    Raises:
        ProviderError: the provider refuses the key, or does not answer.
        LimitReachedError: a limit that the options set.
    """
    from llm_profiles.disclosure import disclosure
    from llm_profiles.llm_run import open_run
    from llm_profiles.write_llm import write

    home = settings.profiles_home
    with connect(settings) as store, open_run(store, name, home, options, settings.llm) as run:
        if before:
            before(_estimated(run), disclosure(run))
        report = write(store, run)
        return report, activated(settings, store, report, embedding) if options.is_whole else None


def profile_estimate(settings: Settings, name: str, options: LlmOptions) -> tuple[Estimate, tuple[str, ...]]:
    """Say what a run may cost, and who would read what; nothing is sent, and nothing begun."""
    from llm_profiles.disclosure import disclosure
    from llm_profiles.llm_run import open_run

    home = settings.profiles_home
    with connect(settings) as store, open_run(store, name, home, options, settings.llm, begin=False) as run:
        return _estimated(run), disclosure(run)


def _estimated(run: LlmRun) -> Estimate:
    from llm_profiles.estimate import estimate

    return estimate(run.neighbourhood, run.chosen, run.requests, run.ledger, run.chat, run.settings)


def profile_plan(settings: Settings, name: str, path: Path, *, llm: str | None = None, sample: int = 20) -> None:
    """Write a plan of neighbourhoods to a file, to be read and edited.

    Args:
        settings: where the graph is.
        name: the data set.
        path: the YAML file; one that is there is refused.
        llm: a model whose agent looks at sampled nodes and proposes the plan; by default the schema decides.
        sample: nodes of each type that the agent looks at.
    """
    from llm_profiles.propose import write_default, write_proposed

    with connect(settings) as store:
        if llm is None:
            write_default(store, name, path)
        else:
            write_proposed(store, name, path, llm, settings.profiles_home, settings.llm, sample=sample)


def batch_export(settings: Settings, name: str, options: LlmOptions, folder: Path | None = None) -> ExportReport:
    """Hand out the requests of the next kind as batch files."""
    from llm_profiles.batch.stages import hand_out
    from llm_profiles.llm_run import open_choice

    home = settings.profiles_home
    with connect(settings) as store, open_choice(store, name, home, options, settings.llm) as choice:
        return hand_out(choice, folder)


def batch_import(
    settings: Settings, name: str, paths: Sequence[Path], *, set_name: str = "llm", handed_out: Path | None = None
) -> tuple[BatchReport, ProfileReport]:
    """Take the answers of batch files into the ledger, and make the set of what it holds then."""
    from llm_profiles.batch.stages import take_in
    from llm_profiles.llm_run import open_books

    home = settings.profiles_home
    with connect(settings) as store, open_books(store, name, home, set_name, settings.llm) as books:
        return take_in(store, books, paths, handed_out, settings.llm.prices)


def profile_merge(settings: Settings, name: str, ledgers: Sequence[Path], *, set_name: str = "llm") -> int:
    """Take the calls of shards into the set's ledger, and give how many were new."""
    from llm_profiles.calls.ledger import Ledger, ledger_path
    from llm_profiles.shard import merge

    with Ledger(ledger_path(settings.profiles_home, name, set_name)) as ledger:
        return merge(ledger, ledgers)


def profile_show(settings: Settings, name: str, key: str, *, set_name: str | None = None) -> ProfileView:
    """Give one node's profile with what it was written from, what it cost, and what bears it out.

    Args:
        settings: where the graph and the profile sets are.
        name: the data set.
        key: of the node, with or without the data set's name before it.
        set_name: the profile set; the active one by default.
    """
    from llm_profiles.activate import active_set
    from llm_profiles.show import show

    with connect(settings) as store:
        chosen = set_name or active_set(store, name)
        return show(store, settings.profiles_home, name, chosen, key, settings.llm)


def profile_staleness(
    settings: Settings, name: str, *, set_name: str = "llm", examples: int = 5
) -> dict[Kind, KindStatus]:
    """Say which profiles of a set are as the graph would have them today, which are not, and why.

    Args:
        settings: where the graph and the profile sets are.
        name: the data set.
        set_name: the profile set.
        examples: the most nodes that are named, of each kind and state.
    """
    from llm_profiles.llm_run import open_books
    from llm_profiles.staleness import status

    home = settings.profiles_home
    with connect(settings) as store, open_books(store, name, home, set_name, settings.llm) as books:
        return status(books.neighbourhood, books.requests, books.ledger, books.expected(), examples=examples)
