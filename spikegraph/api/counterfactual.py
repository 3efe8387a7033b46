"""What a recommendation hangs on: by the graph's similar items, or by a trained run itself.

Torch is imported only where a run is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers.counterfactual import Change, Changed, HangsOn
    from cypher.answers.names import Named
    from export.snapshot import Snapshot
    from model.counterfactual import LeaveOneOut, Scored


def without(
    settings: Settings, name: str, user: str, gone: str, *, k: int = 10, run: Path | None = None
) -> list[Changed]:
    """Tell what would leave a user's list, and what would come in, without one interaction.

    Args:
        settings: where the graph is.
        name: the data set.
        user: key, end of the key, or exact name.
        gone: the item of the interaction, likewise.
        k: length of the list.
        run: a run folder to be asked: its model encodes the graph without the interaction, its weights as trained.
            None takes the similar items of the graph's active run, an approximation.
    """
    from cypher.answers import counterfactual
    from cypher.answers.names import find_item, find_user

    with connect(settings) as store:
        if run is None:
            return counterfactual.without(store, name, user, gone, k)
        named = find_user(store, name, user), find_item(store, name, gone)
    asked, own, row = _asked(run, name, *named)
    if row not in asked.history(own):
        raise counterfactual.nothing_to_leave_out(name, named[0].key, named[1].key)
    return _changes(asked.snapshot, asked.as_it_is(own), asked.without(own, row), k)


def hangs_on(
    settings: Settings, name: str, user: str, item: str, *, limit: int = 10, run: Path | None = None
) -> list[HangsOn]:
    """Tell how much of an item's score hangs on each item of a user's history, the most first.

    Args:
        settings: where the graph is.
        name: the data set.
        user: key, end of the key, or exact name.
        item: likewise.
        limit: the most items of the history to name.
        run: as of `without`; every item of the history is left out once, which takes an encoding each.
    """
    from cypher.answers import counterfactual
    from cypher.answers.names import find_item, find_user

    with connect(settings) as store:
        if run is None:
            return counterfactual.hangs_on(store, name, user, item, limit)
        named = find_user(store, name, user), find_item(store, name, item)
    asked, own, row = _asked(run, name, *named)
    if row in asked.history(own):
        raise UsageError(f"{named[0].key} has {named[1].key}: nothing is recommended", where=name)
    return sorted(_each_left_out(asked, own, row), key=lambda each: -each.share)[:limit]


def _asked(run: Path, name: str, user: Named, item: Named) -> tuple[LeaveOneOut, int, int]:
    """Give a run's model ready to be asked, and the rows of user and item."""
    from model.counterfactual import LeaveOneOut
    from model.interactions import Interactions
    from model.runs.saved import SPLITS_OF, load_recommender, newest_weights, open_run

    folder, record, snapshot = open_run(run)
    if record.dataset != name:
        raise UsageError(f"is a run of the data set '{record.dataset}'", where=str(run))
    weights = newest_weights(record)
    model = load_recommender(folder, record, snapshot, weights)
    pairs = Interactions.from_snapshot(snapshot, SPLITS_OF[weights])
    items = list(snapshot.entities["key"][: snapshot.num_items])
    return LeaveOneOut(model, snapshot, pairs), _row(list(snapshot.users["key"]), user), _row(items, item)


def _row(keys: list[str], node: Named) -> int:
    if node.key not in keys:
        raise UsageError(f"{node.key} is not in the run's snapshot", hint="spikegraph fold-in RUN SNAPSHOT")
    return keys.index(node.key)


def _changes(snapshot: Snapshot, before: Scored, after: Scored, k: int) -> list[Changed]:
    from cypher.answers.counterfactual import Changed

    here, there = before.first(k), after.first(k)
    found = []
    for row in [*here, *(row for row in there if row not in here)]:
        change: Change = "comes in" if row not in here else "stays" if row in there else "leaves"
        ranks = before.rank(row), after.rank(row)
        scores = float(before.scores[row]), float(after.scores[row])
        key, label = _named(snapshot, row)
        found.append(Changed(key, label, ranks[0], scores[0], ranks[1], scores[1], change))
    return found


def _each_left_out(asked: LeaveOneOut, user: int, item: int) -> list[HangsOn]:
    from cypher.answers.counterfactual import HangsOn

    before = asked.as_it_is(user)
    score, found = float(before.scores[item]), []
    for liked in asked.history(user):
        after = asked.without(user, liked)
        share = (score - float(after.scores[item])) / abs(score) if score else 0.0
        found.append(HangsOn(*_named(asked.snapshot, liked), round(share, 4), before.rank(item), after.rank(item)))
    return found


def _named(snapshot: Snapshot, row: int) -> tuple[str, str]:
    entity = snapshot.entities.iloc[row]
    return str(entity["key"]), str(entity["name"] or entity["key"])
