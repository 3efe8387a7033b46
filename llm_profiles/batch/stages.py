"""A data set by batch files: hand out the requests of one kind, take the answers in, go on with the next kind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cypher.identifiers import dataset_name
from llm_profiles.batch.export import ExportReport, export
from llm_profiles.batch.imports import BatchReport, importing
from llm_profiles.calls.check import Check
from llm_profiles.chat.prices import find_price
from llm_profiles.contract import KINDS, Kind, ProfileReport
from llm_profiles.llm_run import Books, Choice
from llm_profiles.write_llm import save
from spikegraph.errors import UsageError

if TYPE_CHECKING:
    from cypher.store import Store


def batch_folder(books: Books) -> Path:
    """Give where a set's batch files lie by default."""
    return books.home / dataset_name(books.terms.dataset) / "batches" / books.terms.set


def hand_out(choice: Choice, folder: Path | None = None) -> ExportReport:
    """Write the requests of the first kind that has any into batch files.

    Args:
        choice: opened by `open_choice`.
        folder: where the files go; `batch_folder` by default.

    Raises:
        UsageError: a kind below is still waited for; what is above it reads its profiles.
    """
    choice.ledger.set_about(address="who answers the batch files")
    report = ExportReport(files=(), requests=0, left_out={})
    for kind in (kind for kind in KINDS if kind in choice.chosen):
        _require_answered(choice, kind)
        requests = map(choice.requests.of, choice.contexts(kind, choice.chosen[kind]))
        to, refresh = folder or batch_folder(choice), choice.options.refresh
        report = export(requests, choice.terms.model, choice.terms.sampling, choice.ledger, to, refresh=refresh)
        if report.requests:
            break
    return report


def take_in(
    store: Store, books: Books, paths: Sequence[Path], handed_out: Path | None, prices: Path | None
) -> tuple[BatchReport, ProfileReport]:
    """Take answers into the ledger, and make the profile set of what it holds then.

    Args:
        store: where the graph is.
        books: of the set.
        paths: output and error files of batches, in any order.
        handed_out: where the batch files lie that were handed out; `batch_folder` by default.
        prices: the user's own price file.

    Raises:
        DataError: a file cannot be read, or holds no answers.
    """
    started = time.perf_counter()
    provider, _, name = books.terms.model.partition(":")
    price = find_price(provider, name, prices)
    folder = handed_out or batch_folder(books)
    report = importing(paths, books.ledger, Check(books.terms.answers), price, handed_out=folder)
    return report, save(store, books, (), started)


def _require_answered(choice: Choice, kind: Kind) -> None:
    waiting = choice.ledger.totals(kind).calls.get("submitted", 0)
    if waiting:
        name = choice.terms.dataset
        raise UsageError(
            f"{waiting} requests of the kind '{kind}' are in batch files without an answer",
            where=name,
            hint=f"spikegraph profile batch import {name} OUTPUT.jsonl, then export again",
        )
