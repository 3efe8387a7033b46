"""Search spaces: which options are tried, what a file may say, what is refused before anything runs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.presets import PRESETS
from model.registry import MODELS, configure
from model.tune.names import full_names
from model.tune.space import Choices, Interval, Space, check_space, size_of
from model.tune.space_file import read_space
from model.tune.spaces import SPACES, default_space
from model.tune.toml import to_toml
from spikegraph.errors import UsageError


def checked(model: str, space: Space) -> Space:
    _, options, training = configure(model, None, {}, {})
    return check_space(space, options, training, "here")


@pytest.mark.parametrize(
    ("model", "preset"), [(model, preset) for model in MODELS for preset in PRESETS.get(model, ())]
)
def test_every_preset_lies_in_its_space_or_has_nothing_to_tune(model: str, preset: str) -> None:
    _, options, training = configure(model, preset, {}, {})
    space = check_space(default_space(model, options, training), options, training, "here")
    values = full_names({"model": options.model_dump(), "train": training.model_dump()})
    for name, parameter in space.items():
        assert values[name] in parameter, name
        assert parameter.size > 1
    assert space or not type(options).model_fields


def test_what_a_preset_switches_off_is_not_tried() -> None:
    def tried(**model: Any) -> set[str]:
        _, options, training = configure("spike", None, model, {})
        return {name.removeprefix("model.") for name in default_space("spike", options, training)}

    assert {"l2_weight", "profile_weight", "matching_weight"} <= tried()
    assert tried(objective="softmax") >= {"temperature"}
    assert "l2_weight" not in tried(objective="softmax") | tried(l2_in_loss=False)
    assert not {name for name in tried(profile_weight=0, matching_weight=0) if "profile" in name or "matching" in name}
    assert "profile_dimensions" not in tried(profile_dimensions=None)
    assert "attention_share" not in tried()
    assert {"attention_share", "similarity_share"} <= tried(similar_items="heard")
    assert "attention_share" not in tried(similar_items="heard", attention_share=0)


def test_every_model_has_a_space_and_no_other() -> None:
    assert SPACES.keys() == MODELS.keys()


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"model.l2": Interval(low=0.0, high=1.0)}, "'model.l2' is not an option"),
        ({"train.dimensions": Interval(low=1, high=2)}, "'train.dimensions' is not an option"),
        ({"l2_weight": Interval(low=0.0, high=1.0)}, "'l2_weight' is not an option"),
        (
            {"model.graph_dropout": Interval(low=0.0, high=1.0)},
            r"model.graph_dropout: 1.0 is not allowed: .*less than 1",
        ),
        ({"model.layers": Interval(low=1.0, high=2.5)}, "model.layers is a whole number"),
        ({"model.l2_in_loss": Interval(low=0, high=1)}, "model.l2_in_loss is no number"),
        ({"model.match_on": Choices(choices=("final", "middle"))}, "model.match_on: 'middle' is not allowed"),
    ],
)
def test_what_the_configurations_do_not_know_is_refused(space: Space, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        checked("spike", space)
    assert caught.value.where == "here"


def test_numbers_are_whole_where_the_option_is() -> None:
    space = checked(
        "spike", {"model.message_dropout": Interval(low=0, high=0.5), "model.layers": Interval(low=1, high=3)}
    )
    assert isinstance(space["model.message_dropout"], Interval)
    assert not space["model.message_dropout"].is_whole
    assert space["model.layers"] == Interval(low=1, high=3)


@pytest.mark.parametrize(
    ("parameter", "size"),
    [
        (Interval(low=1, high=3), 3),
        (Interval(low=16, high=64, step=16), 4),
        (Interval(low=0.1, high=0.5, step=0.1), 5),
        (Interval(low=0.0, high=1.0), float("inf")),
        (Interval(low=2.0, high=2.0), 1),
        (Choices(choices=("a", "b")), 2),
    ],
)
def test_how_many_values_there_are(parameter: Interval | Choices, size: float) -> None:
    assert size_of({"one": parameter}) == size
    assert size_of({"one": parameter, "two": Choices(choices=(1, 2, 3))}) == 3 * size


FILE = """
[model.l2_weight]
low = 1e-4
high = 0.1
log = true

[model.match_on]
choices = ["final", "input"]

[train]
learning_rate = {low = 0.001, high = 0.01}
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(FILE, encoding="utf-8")
    assert read_space(tmp_path / "space.toml") == {
        "model.l2_weight": Interval(low=1e-4, high=0.1, log=True),
        "model.match_on": Choices(choices=("final", "input")),
        "train.learning_rate": Interval(low=0.001, high=0.01),
    }
    (tmp_path / "space.toml").write_text("[model.side.profiles]\nlow = 1\nhigh = 50\n", encoding="utf-8")
    assert read_space(tmp_path / "space.toml") == {"model.side.profiles": Interval(low=1, high=50)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model.l2_weight\n", "is not TOML"),
        ("", "names nothing"),
        ("[trian.learning_rate]\nlow = 1\nhigh = 2", "'trian' is not a section"),
        ("model = 3", "'model' is not a section"),
        ("[model]\nl2_weight = 3", "model.l2_weight"),
        ("[model.l2_weight]\nlow = 1", "model.l2_weight: high is missing"),
        ("[model.l2_weight]\nlow = 1\nhihg = 2", "model.l2_weight: hihg is not a key"),
        ("[model.l2_weight]\nlow = 2\nhigh = 1", r"model.l2_weight: .*low \(2\) is above high \(1\)"),
        ("[model.l2_weight]\nlow = 0\nhigh = 1\nlog = true", "model.l2_weight: .*above 0"),
        ("[model.l2_weight]\nlow = 1\nhigh = 4\nlog = true\nstep = 1", "model.l2_weight: .*no step"),
        ("[model.l2_weight]\nlow = 'a'\nhigh = 1", "model.l2_weight: low"),
        ("[model.l2_weight]\nlow = 0\nhigh = inf", "model.l2_weight: high"),
        ("[model.l2_weight]\nchoices = []", "model.l2_weight: choices"),
        ("[model.l2_weight]\nchoices = [[1]]", "model.l2_weight: choices"),
    ],
)
def test_errors_of_a_file_name_it(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        read_space(file)
    assert caught.value.where == str(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_space(tmp_path / "space.toml")


scalars = st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
keys = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, max_size=2)


@given(st.dictionaries(keys, st.dictionaries(keys, values, min_size=1), max_size=3))
def test_settings_survive_their_file(sections: dict[str, dict[str, Any]]) -> None:
    assert tomllib.loads(to_toml(sections, "two\nlines")) == sections
