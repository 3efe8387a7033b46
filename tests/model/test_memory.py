"""The forecast of memory grows with what memory grows with, and a refusal says what would fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from model.config import ModelConfig
from model.memory import MIB, check_memory, what_to_change
from model.recommender import Size
from model.registry import configure, model_class
from spikegraph.errors import LimitReachedError
from tests.support.snapshots import random_snapshot

LARGE = Size(
    users=300_000,
    items=200_000,
    entities=700_000,
    triples=5_000_000,
    messages=8_000_000,
    text_dimensions=1536,
    interactions=10_000_000,
    batch_size=4096,
)


def options(model: str = "spike", preset: str | None = None, **more: Any) -> ModelConfig:
    return configure(model, preset, more, {})[1]


def forecast(model: str, config: ModelConfig, size: Size = LARGE) -> int:
    return model_class(model).forecast_bytes(config, size)


def test_a_refusal_says_which_option_would_bring_it_to_what(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = random_snapshot(num_users=3000, num_items=3000, num_entities=9000, profile_dim=512)
    _, config, training = configure("spike", None, {"profile_dimensions": None, "dimensions": 64}, {})
    size = Size.of(snapshot, 20_000, training.batch_size_for(20_000))
    wanted = configure("spike", None, {"profile_dimensions": 128}, {})[1]
    free = forecast("spike", wanted, size) + MIB
    monkeypatch.setattr("model.memory.free_bytes", lambda device: free)
    with pytest.raises(LimitReachedError) as caught:
        check_memory("spike", config, training, snapshot, 20_000, torch.device("cpu"))
    assert f"--set model.profile_dimensions=128 needs {free // MIB - 1} MiB" in str(caught.value.hint)
    assert f"{forecast('spike', config, size) // MIB} MiB, {free // MIB} MiB are free on cpu" in str(caught.value)
    assert check_memory("spike", wanted, training, snapshot, 20_000, torch.device("cpu")) == free - MIB


@pytest.mark.parametrize(
    ("model", "more", "option"),
    [
        ("spike", {"profile_dimensions": None}, "model.profile_dimensions"),
        ("spike", {"dimensions": 256}, "model.dimensions"),
        ("spike", {"objective": "softmax"}, "train.batch_size"),
        ("lightgcn", {"layers": 5}, "model.layers"),
        ("ease", {}, "model.precision"),
    ],
)
def test_what_is_named_fits(model: str, more: dict[str, Any], option: str) -> None:
    config = options(model, None, **more)
    free = forecast(model, config) - 1
    hint = what_to_change(model, config, LARGE, free)
    assert f"--set {option}=" in hint
    for part in hint.split(", or "):
        name, _, rest = part.removeprefix("--set ").partition("=")
        value, needed = rest.removesuffix(" MiB").split(" needs ")
        kind, _, key = name.partition(".")
        changed = options(model, None, **more, **{key: value}) if kind == "model" and key not in more else None
        if kind == "train":
            found = forecast(model, config, replace(LARGE, batch_size=int(value)))
        else:
            found = forecast(model, changed or options(model, None, **{**more, key: value}))
        assert found // MIB == int(needed)
        assert found <= free


def test_where_no_option_is_enough_fewer_entities_are_asked_for() -> None:
    hint = what_to_change("spike", options(), LARGE, 1000)
    assert "no option is enough alone" in hint
    assert "model.profile_dimensions=32" in hint
    assert "--min-degree" in hint
    assert "--min-degree" in what_to_change("popularity", options("popularity"), LARGE, 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"profile_dimensions": 256},
        {"dimensions": 128},
        {"layers": 3},
        {"share_profile_dropout": False},
        {"users_send_messages": True},
        {"match_mode": "sampled"},
        {"objective": "softmax"},
    ],
)
def test_spike_takes_more_with_more(change: dict[str, Any]) -> None:
    assert forecast("spike", options(**change)) > forecast("spike", options())


@pytest.mark.parametrize(
    "change",
    [
        {"profile_weight": 0.0, "matching_weight": 0.0},
        {"matching_weight": 0.0},
        {"users_send_messages": True, "attention_share": 0.0},
    ],
)
def test_spike_takes_less_without_a_part(change: dict[str, Any]) -> None:
    whole = options(users_send_messages=change.get("users_send_messages", False))
    assert forecast("spike", options(**change)) < forecast("spike", whole)


@pytest.mark.parametrize("part", ["users", "entities", "triples", "text_dimensions", "interactions", "batch_size"])
def test_spike_takes_more_for_more_data(part: str) -> None:
    config = options(profile_dimensions=None)
    larger = replace(LARGE, **{part: 2 * getattr(LARGE, part)})
    assert forecast("spike", config, larger) > forecast("spike", config)


def test_messages_are_made_on_a_gpu_only() -> None:
    more = replace(LARGE, messages=2 * LARGE.messages)
    bytes_of = {
        device: forecast("spike", options(), replace(more, device=device))
        - forecast("spike", options(), replace(LARGE, device=device))
        for device in ("cpu", "cuda")
    }
    assert bytes_of["cuda"] > 10 * bytes_of["cpu"]
