"""Items that nobody has yet, on Last.FM: folded into a trained model, beside nearest neighbours by content.

A tenth of the items is drawn and hidden: their interactions are in no part, and the texts of all nodes are made without
them, an entity's from its facts and a user's from the names of what he keeps (`benchmarks.from_tables`; the profiles
that a language model wrote have seen everything and are not used). SPiKE, preset `similarity`, is trained on a snapshot
in which the items do not exist, then they are folded in: they have facts, a text, and similar items by both. Only they
are candidates, and what users have of them is to be found.

The rival recommends a hidden item to those whose items have texts like its own. How the likenesses are summed up is
chosen for it on a second tenth, of items that stay in the training. It is also given the facts beside the texts.

What the model would reach had it been trained with the items' interactions is measured on their test part alone, for
that training has seen the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.cold_snapshots import SOURCES, with_similar_items, without_items
from benchmarks.data import data_folder
from benchmarks.from_tables import snapshot_of
from benchmarks.result import Row, more_is_better
from benchmarks.timing import one_thread
from export.snapshot import SPLITS, IntArray, Snapshot, Split
from ingest.readers import read
from ingest.split import apply_split, default_rule
from ingest.tables import Tables
from model.compare.paired import paired_test
from model.fold_in import KnownRows
from model.interactions import Interactions
from model.ranking import rank_per_user
from model.recommender import Recommender
from model.runs.saved import load_recommender, open_run
from model.side_information import SideInformation
from model.train import train
from model.types import SELECTION_METRIC, Embeddings

SHARE = 0.1
"""Of the items that is hidden."""
SEED = 0
TEXT_DIMENSIONS = 128
PRESET = "similarity"
LIKENESSES = (1, 2, 3, 5, 10, 20)
"""How many of a user's items most like the hidden one are summed up: 1 is the maximum."""
NEIGHBOURHOODS = (10, 20, 50, 100, 200)
"""Or: how many items most like the hidden one count."""


@dataclass(frozen=True, eq=False)
class Hidden:
    """Some items as the only candidates.

    Attributes:
        rows: int64 [h], rows of the snapshot that holds everybody.
        pairs: int64 [2, n] per split: what users have of them, user rows and positions in `rows`.
        num_users: U.
    """

    rows: Tensor
    pairs: Mapping[Split, IntArray]
    num_users: int

    @classmethod
    def of(cls, snapshot: Snapshot, rows: IntArray) -> Hidden:
        """Take these items of a snapshot that has all their interactions."""
        place = np.full(snapshot.num_items, -1)
        place[rows] = np.arange(len(rows))
        parts = {split: np.stack([part[0], place[part[1]]]) for split, part in snapshot.interactions.items()}
        pairs = {split: part[:, part[1] >= 0] for split, part in parts.items()}
        return cls(torch.from_numpy(rows), pairs, snapshot.num_users)

    def interactions(self, splits: Sequence[Split]) -> Interactions:
        """Give what users have of them in these splits."""
        nothing = np.zeros((2, 0), dtype=np.int64)
        pairs = torch.from_numpy(np.concatenate([nothing, *(self.pairs[split] for split in splits)], axis=1))
        return Interactions.from_pairs(pairs[0], pairs[1], self.num_users, len(self.rows))

    def recall(self, embeddings: Embeddings, splits: Sequence[Split]) -> pd.Series[float]:
        """Give the recall@20 of each user with something in these splits; what he has in others is no candidate."""
        seen = self.interactions([split for split in SPLITS if split not in splits])
        values = rank_per_user(embeddings, seen, self.interactions(splits))
        return values.set_index("user")[SELECTION_METRIC]

    def of_scores(self, scores: Tensor) -> Embeddings:
        """Give scores [U, h] the form of embeddings."""
        return Embeddings(scores, torch.eye(len(self.rows)))

    def of_model(self, recommender: Recommender) -> Embeddings:
        """Give a model's embeddings, the items' being theirs."""
        users, items = recommender.encode()
        return Embeddings(users, items[self.rows])


def run() -> list[Row]:
    """Hide, train, fold in and compare."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        tables = _split(read("lastfm", data_folder("lastfm-llm")))
        everything = snapshot_of(tables, "lastfm", TEXT_DIMENSIONS)
        hidden, other = _drawn(everything.num_items)
        grown = _with_texts_that_do_not_know(everything, tables, hidden)
        small = with_similar_items(without_items(grown, hidden))
        grown = with_similar_items(grown)
        model = _trained(small, Path(folder) / "cold")
        heard = Interactions.from_snapshot(grown, ["train"])
        cold = model.fold_in(grown, heard, KnownRows.between(small, grown))
        warm = _trained(with_similar_items(everything), Path(folder) / "warm")
        of_hidden, of_other = (Hidden.of(everything, rows) for rows in (hidden, other))
        ours = of_hidden.of_model(cold)
        rows = [_beside(name, ours, of_hidden, of_other, grown, sources) for name, sources in RIVALS.items()]
        return [*rows, _share(ours, of_hidden, warm)]


RIVALS: Mapping[str, Mapping[str, float]] = {"texts": {"profiles": 1.0}, "texts and facts": SOURCES}
"""What the rival's likeness is made of."""


def _split(tables: Tables) -> Tables:
    """Fix the split before anything is hidden, and leave the profiles out."""
    rule = default_rule(tables.interactions)
    interactions = apply_split(tables.interactions, rule, rule.generator())
    return replace(tables, interactions=interactions, profiles=tables.profiles.iloc[:0])


def _drawn(items: int) -> tuple[IntArray, IntArray]:
    """Draw the items that are hidden, and those that the rival is tuned on."""
    order, count = np.random.default_rng(SEED).permutation(items), round(SHARE * items)
    return np.sort(order[:count]), np.sort(order[count : 2 * count])


def _with_texts_that_do_not_know(everything: Snapshot, tables: Tables, hidden: IntArray) -> Snapshot:
    """Give all items, but nobody has the hidden ones, nor does a text say so."""
    names = set(everything.entities["key"].iloc[hidden])
    kept = tables.interactions[~tables.interactions["item"].isin(names)]
    return snapshot_of(replace(tables, interactions=kept), "lastfm", TEXT_DIMENSIONS)


def _trained(snapshot: Snapshot, folder: Path) -> Recommender:
    train(snapshot, folder, preset=PRESET, seed=SEED, device="cpu")
    opened, record, _ = open_run(folder, snapshot)
    return load_recommender(opened, record, snapshot, "best", "cpu")


def _beside(
    name: str,
    ours: Embeddings,
    hidden: Hidden,
    other: Hidden,
    snapshot: Snapshot,
    sources: Mapping[str, float],
) -> Row:
    """Compare with neighbours by content, summed up as is best on the other items."""
    histories = _histories(snapshot)
    alike = SideInformation(snapshot, sources).similarities(0, snapshot.num_items)
    of_others = histories.clone()
    of_others[:, other.rows] = 0
    ways = _ways()
    tuned = {way: _mean(other, ways[way](of_others, alike[other.rows]), SPLITS) for way in ways}
    best = max(tuned, key=tuned.__getitem__)
    theirs = hidden.recall(hidden.of_scores(ways[best](histories, alike[hidden.rows])), SPLITS)
    found = hidden.recall(ours, SPLITS)
    test = paired_test(np.asarray(found, dtype=np.float64), np.asarray(theirs, dtype=np.float64))
    what = f"Last.FM, {len(hidden.rows)} hidden items as candidates, {len(found):,} users, recall@20: folded in beside"
    what += f" neighbours by {name} ({best}), paired p = {test.wilcoxon:.1g}"
    return more_is_better(what, float(found.mean()), float(theirs.mean()), 1.0)


def _share(ours: Embeddings, hidden: Hidden, warm: Recommender) -> Row:
    found = hidden.recall(ours, ["test"])
    reached = float(hidden.recall(hidden.of_model(warm), ["test"]).mean())
    what = f"Last.FM, test part of the hidden items, {len(found):,} users, recall@20: folded in beside the same model"
    mean = float(found.mean())
    return Row(f"{what} trained with their interactions", mean, reached, mean / reached, None, holds=True)


def _mean(items: Hidden, scores: Tensor, splits: Sequence[Split]) -> float:
    return float(items.recall(items.of_scores(scores), splits).mean())


def _histories(snapshot: Snapshot) -> Tensor:
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    histories = torch.zeros(snapshot.num_users, snapshot.num_items)
    histories[pairs.users, pairs.items] = 1
    return histories


def _ways() -> dict[str, partial[Tensor]]:
    """Give the ways of summing up likenesses by name: each takes histories [U, V] and likenesses [h, V]."""
    sums = {f"the {count} most alike of a user's items": partial(_most_alike, count=count) for count in LIKENESSES}
    near = {f"the {count} items nearest to it": partial(_nearest, count=count) for count in NEIGHBOURHOODS}
    return {"the mean over a user's items": partial(_average), **sums, **near}


def _average(histories: Tensor, alike: Tensor) -> Tensor:
    return histories @ alike.T / histories.sum(1, keepdim=True).clamp(min=1)


def _most_alike(histories: Tensor, alike: Tensor, count: int) -> Tensor:
    found = [_top_of_own(block, alike, count) for block in torch.split(histories, 1)]
    return torch.cat(found)


def _top_of_own(history: Tensor, alike: Tensor, count: int) -> Tensor:
    own = alike[:, history[0] > 0]
    found, _ = own.topk(min(count, own.shape[1]), dim=1)
    return found.sum(1)[None]


def _nearest(histories: Tensor, alike: Tensor, count: int) -> Tensor:
    values, places = alike.topk(count, dim=1)
    return histories @ torch.zeros_like(alike).scatter_(1, places, values).T
