"""New users and items into the graph's answers, without training. Torch is imported by the function only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.api.runs import results_for_graph
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from export.write_back import WriteBackReport


@dataclass(frozen=True)
class FoldInReport:
    """What a fold-in did.

    Attributes:
        written: the write-back of the run that holds everybody.
        new_users: users that the model was not trained on.
        new_items: items that it was not trained on.
        gone: users and items that it was trained on and that are not there any more.
    """

    written: WriteBackReport
    new_users: int
    new_items: int
    gone: int


def fold_in(settings: Settings, folder: Path, snapshot: Path, *, top: int = 20, keep: int = 2) -> FoldInReport:
    """Give everybody in a newer snapshot vectors and lists by a trained run's weights, and switch to them.

    They are written as a run of its own beside the active one, as a write-back does it: whole, or not at all.

    Args:
        settings: where the graph is.
        folder: the run folder; its weights that saw most are used.
        snapshot: a newer export of the data set.
        top: items of a list, and of the similar ones.
        keep: runs that stay in the graph, the new one among them.
    """
    from export.snapshot import load_snapshot
    from export.write_back import write_back
    from model.runs.fold_in import fold_in

    newer = load_snapshot(snapshot)
    found = fold_in(folder, newer, top_n=top, similar=top)
    record = found.results.record
    said = {"new_users": len(found.new_users), "new_items": len(found.new_items), "gone": found.gone}
    results = results_for_graph(found.results, newer, folded_in=said, metrics_when_trained=record.metrics)
    with connect(settings) as store:
        store.ensure_schema()
        return FoldInReport(write_back(store, newer, results, keep=keep), **said)
