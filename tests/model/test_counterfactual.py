"""What a list would be without one interaction: worked out for EASE, and asked of a model that propagates."""

from __future__ import annotations

import pytest
import torch

from model.counterfactual import LeaveOneOut
from model.interactions import Interactions
from model.recommender import ClosedFormRecommender
from model.registry import build, configure
from tests.support.snapshots import random_snapshot

USER = 4


def asked(model: str, **options: object) -> LeaveOneOut:
    snapshot = random_snapshot(num_users=40, per_user=10)
    pairs = Interactions.from_snapshot(snapshot, ["train"])
    _, config, _ = configure(model, None, options, {})
    built = build(model, config, snapshot, pairs, 0, torch.device("cpu"))
    if isinstance(built, ClosedFormRecommender):
        built.fit()
    return LeaveOneOut(built, snapshot, pairs)


def test_of_ease_it_is_the_column_of_the_item_less() -> None:
    question = asked("ease", regularisation=5.0)
    before, item = question.as_it_is(USER), question.history(USER)[2]
    after, weights = question.without(USER, item), question.model.encode().items
    others = before.scores > -torch.inf
    torch.testing.assert_close(after.scores[others], (before.scores - weights[:, item])[others])
    # What the user has is no candidate, neither before nor without one of it.
    assert (~others).sum() == len(question.history(USER))
    assert torch.equal(others, after.scores > -torch.inf)
    best = before.first(1)[0]
    assert before.rank(best) == 1
    assert not set(before.first(50)) & set(question.history(USER))


def test_a_model_that_propagates_hears_it_no_more() -> None:
    question = asked("lightgcn", dimensions=8)
    before = question.as_it_is(USER)
    pairs = question.interactions
    torch.testing.assert_close(
        before.scores[before.scores > -torch.inf],
        (question.model.encode().users[USER] @ question.model.encode().items.T)[before.scores > -torch.inf],
    )
    falls = [
        float((before.scores - question.without(USER, item).scores).nan_to_num().abs().sum())
        for item in question.history(USER)
    ]
    assert min(falls) > 0
    assert torch.equal(question.interactions.keys, pairs.keys)


def test_an_interaction_that_is_not_there_cannot_be_left_out() -> None:
    question = asked("ease")
    other = next(item for item in range(40) if item not in question.history(USER))
    with pytest.raises(ValueError, match="not in list"):
        question.without(USER, other)
