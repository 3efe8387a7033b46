"""Whether reasons are faithful, on Last.FM: how far an item falls in the list without what its first reason names.

500 recommendations are drawn: a user each, and one of the first ten items of his list in the graph. `explain` is asked
why. Then the interaction with the item that its first reason names is taken away, and the model encodes the graph
again, its weights as trained (`model.counterfactual`); beside it, another interaction of the same user, at random.
Of a reason that names several items (a shared entity) that one is taken away which all reasons together speak most for:
the sum of the contributions of those that name it. What counts is by how many ranks the item falls.

Recommendations without a reason, and users with one interaction only, cannot be asked; they are left out and counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.data import data_folder
from benchmarks.result import Row
from benchmarks.timing import one_thread
from cypher.answers.reasons import Reason, explain
from cypher.store import Store
from export.snapshot import Selection, Snapshot
from model.compare.paired import paired_test
from model.counterfactual import LeaveOneOut
from model.interactions import Interactions
from model.retrieval import top_items
from model.runs.saved import load_recommender, open_run
from spikegraph import api
from spikegraph.settings import Settings

NAME = "lastfm"
RECOMMENDATIONS = 500
FIRST = 10
"""Of a list; one of these items is asked about."""
SEED = 0
SIGNIFICANT = 0.01
MODELS: dict[str, str] = {"spike": "similarity", "ease": "recommended"}
"""Models and their presets. Both hear an interaction while they score; EASE scores exactly as if it had never been."""


@dataclass(frozen=True)
class Falls:
    """By how many ranks items fall, without what the first reason names and without another interaction."""

    named: list[int]
    other: list[int]
    unexplained: int


def run(settings: Settings) -> list[Row]:
    """Walk the road to a run in the graph for each model, and ask."""
    folder, work = data_folder("lastfm-llm"), settings.work_home / "faithfulness"
    api.ingest(settings, "lastfm", folder, name=NAME, replace=True)
    api.profile_import(settings, NAME, folder, source="lastfm")
    similar = api.similarity(settings, NAME).run_id
    snapshot = api.export(settings, NAME, work / "snapshot", Selection(similarity_runs=(similar,)))
    return [_measured(settings, snapshot, work / model, model) for model in MODELS]


def _measured(settings: Settings, snapshot: Snapshot, folder: Path, model: str) -> Row:
    with one_thread():
        api.train(settings, Path(str(snapshot.folder)), folder, model=model, preset=MODELS[model], device="cpu")
        api.write_back(settings, folder)
        opened, record, _ = open_run(folder, snapshot)
        pairs = Interactions.from_snapshot(snapshot, ["train"])
        asked = LeaveOneOut(load_recommender(opened, record, snapshot, "best", "cpu"), snapshot, pairs)
        with api.connect(settings) as store:
            return _row(model, _falls(store, asked))


def _row(model: str, falls: Falls) -> Row:
    named, other = (np.array(column, dtype=np.float64) for column in (falls.named, falls.other))
    test = paired_test(named, other)
    p_value = 1.0 if test.wilcoxon is None else test.wilcoxon
    what = f"Last.FM, {model}: mean fall in rank of {len(named)} recommendations without what the first reason names,"
    what += f" beside a random interaction of the same user; falls more {test.wins}, as much {test.ties}, less"
    what += f" {test.losses} times, Wilcoxon p = {p_value:.1g}; {falls.unexplained} without a reason"
    ours, theirs = float(named.mean()), float(other.mean())
    ratio = ours / theirs if theirs > 0 else None
    return Row(what, ours, theirs, ratio, None, holds=ours > theirs and p_value < SIGNIFICANT)


def _falls(store: Store, asked: LeaveOneOut) -> Falls:
    generator = np.random.default_rng(SEED)
    falls, unexplained = Falls([], [], 0), 0
    rows = {key: row for row, key in enumerate(asked.snapshot.entities["key"])}
    for user, item in _drawn(asked, generator):
        keys = str(asked.snapshot.users["key"][user]), str(asked.snapshot.entities["key"][item])
        reasons = [reason for reason in explain(store, NAME, *keys) if reason.liked]
        if not reasons:
            unexplained += 1
            continue
        named = rows[_strongest(reasons)]
        other = int(generator.choice([liked for liked in asked.history(user) if liked != named]))
        before = asked.as_it_is(user).rank(item)
        falls.named.append(asked.without(user, named).rank(item) - before)
        falls.other.append(asked.without(user, other).rank(item) - before)
    return Falls(falls.named, falls.other, unexplained)


def _drawn(asked: LeaveOneOut, generator: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Draw users with two interactions at least, and an item of each one's list."""
    able = np.flatnonzero(asked.interactions.user_degrees.numpy() > 1)
    users = generator.choice(able, RECOMMENDATIONS, replace=False)
    lists = top_items(asked.model.encode(), asked.interactions, FIRST).rows
    yield from ((int(user), int(lists[user, generator.integers(FIRST)])) for user in users)


def _strongest(reasons: Sequence[Reason]) -> str:
    """Give the key of the item of the history that the first reason names and all together speak most for."""
    spoken: dict[str, float] = defaultdict(float)
    for reason in reasons:
        for node in reason.liked:
            spoken[node.key] += reason.contribution
    return max((node.key for node in reasons[0].liked), key=spoken.__getitem__)
