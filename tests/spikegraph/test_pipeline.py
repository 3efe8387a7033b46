from __future__ import annotations

from pathlib import Path

import pytest

from cypher.store import Store
from export.snapshot import load_snapshot
from ingest.write import remove
from spikegraph.errors import UsageError
from spikegraph.pipeline import TrainStep, load_pipeline
from tests.spikegraph.conftest import CommandLine
from tests.support.chat_server import ChatServer
from tests.support.small_data import own

PIPELINE = """
name = "{name}"
folder = "work"

[ingest]
source = "demo"

[[train]]
model = "popularity"

[[train]]
model = "spike"
training = {{ epochs = {epochs}, patience = 1 }}

[write_back]
model = "spike"
beside = ["popularity"]
top = {top}
"""


def write(folder: Path, name: str, *, epochs: int = 2, top: int = 5) -> Path:
    file = folder / "pipeline.toml"
    file.write_text(PIPELINE.format(name=name, epochs=epochs, top=top), encoding="utf-8")
    return file


@pytest.mark.slow
def test_the_road_is_walked_once_and_only_what_changed_again(
    connected: CommandLine, store: Store, tmp_path: Path, dataset_name: str
) -> None:
    """Files to recommendations, by the command line alone; then unchanged, changed, and lost on the way."""

    def done(file: Path) -> list[str]:
        said = connected("pipeline", file, "--json")
        assert said.code == 0, said.err
        return [step["step"] for step in said.document["steps"] if not step["skipped"]]

    both = ["write-back popularity", "write-back"]
    everything = ["ingest", "profiles", "export", "train popularity", "train spike", *both]
    assert done(write(tmp_path, dataset_name)) == everything
    assert done(write(tmp_path, dataset_name)) == ["ingest"]
    runs = connected("runs", "list", dataset_name, "--json").document["runs"]
    assert [(run["model"], run["active"]) for run in runs] == [("spike", True), ("popularity", False)]
    assert done(write(tmp_path, dataset_name, top=7)) == ["ingest", *both]
    runs = connected("runs", "list", dataset_name, "--json").document["runs"]
    assert [run["model"] for run in runs] == ["spike", "spike", "popularity"]
    assert done(write(tmp_path, dataset_name, top=7, epochs=3)) == ["ingest", "train spike", "write-back"]

    listed = connected("recommend", dataset_name, "user/101", "--k", 7, "--json").document["recommendations"]
    assert [item["rank"] for item in listed] == list(range(1, 8))
    assert any(item["reasons"] for item in listed)
    assert connected("similar", dataset_name, listed[0]["name"], "--json").document["similar"]
    assert connected("explain", dataset_name, "user/101", listed[0]["item"], "--json").document["reasons"]

    runs = connected("runs", "list", dataset_name, "--json").document["runs"]
    assert [run["active"] for run in runs] == [True, False, False]
    back = connected("runs", "rollback", dataset_name, "--json").document["active"]
    assert back == runs[1]["id"]
    assert done(write(tmp_path, dataset_name, top=7, epochs=3)) == ["ingest", "write-back"]

    remove(store, dataset_name)
    assert done(write(tmp_path, dataset_name, top=7, epochs=3)) == ["ingest", "profiles", *both]
    remove(store, dataset_name)


def test_paths_of_a_pipeline_start_at_its_own_folder(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.toml"
    text = 'name = "x"\n[ingest]\nsource = "tables"\npath = "data"\n[[train]]\nmodel = "ease"\n'
    file.write_text(text, encoding="utf-8")
    assert load_pipeline(file).ingest.path == tmp_path / "data"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('name = "x"\n[ingest]\nsource = "demo"\n', "train"),
        ('name = "x"\n[ingest]\nsource = "demo"\n[[train]]\nmodle = "ease"\n', "train.0.modle"),
        ('name = "x"\ncolour = 1\n[ingest]\nsource = "demo"\n[[train]]\nmodel = "ease"\n', "colour"),
    ],
)
def test_a_wrong_pipeline_file_is_refused_and_the_key_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "pipeline.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_pipeline(file)
    assert caught.value.where == named


def test_a_pipeline_cannot_write_back_what_it_does_not_train(connected: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.toml"
    text = 'name = "x"\n[ingest]\nsource = "demo"\n[[train]]\nmodel = "ease"\n[write_back]\nmodel = "spike"\n'
    file.write_text(text, encoding="utf-8")
    said = connected("pipeline", file, "--json")
    assert said.code == 2
    assert said.document["error"]["where"] == "write_back.model"


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ('["spike"]', "not among the models"),
        ('["ease"]', "named twice"),
        ('["popularity", "popularity"]', "named twice"),
    ],
)
def test_what_stands_beside_must_be_trained_and_another(tmp_path: Path, beside: str, said: str) -> None:
    file = tmp_path / "pipeline.toml"
    models = "".join(f'[[train]]\nmodel = "{model}"\n' for model in ("ease", "popularity"))
    text = f'name = "x"\n[ingest]\nsource = "demo"\n{models}[write_back]\nmodel = "ease"\nbeside = {beside}\n'
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        load_pipeline(file)


def test_a_control_is_trained_beside_its_model_and_never_written_back(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.toml"
    text = 'name = "x"\n[ingest]\nsource = "demo"\n[[train]]\nmodel = "ease"\ncontrol = "no-graph"\n'
    file.write_text(text, encoding="utf-8")
    assert load_pipeline(file).train[0].control == "no-graph"
    file.write_text(text + '[write_back]\nmodel = "ease"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="'ease' is not among the models to train"):
        load_pipeline(file)


def test_a_step_is_trained_once_for_each_seed_under_its_own_name() -> None:
    step = TrainStep(model="ease", name="tuned", control="no-graph", seed=(3, 5))
    assert [name for name, _ in step.by_seed()] == ["tuned (no-graph), seed 3", "tuned (no-graph), seed 5"]
    assert [one.seed for _, one in step.by_seed()] == [3, 5]
    assert [name for name, _ in TrainStep(model="ease").by_seed()] == ["ease"]


def test_steps_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.toml"
    file.write_text('name = "x"\n[ingest]\nsource = "demo"\n' + '[[train]]\nmodel = "ease"\n' * 2, encoding="utf-8")
    with pytest.raises(UsageError, match="two steps train 'ease'"):
        load_pipeline(file)


WITH_SIMILARITY = """
name = "{name}"
folder = "work"

[ingest]
source = "demo"

[similarity]
neighbours = {neighbours}

[[train]]
name = "hears similar films"
model = "spike"
seed = [0, 1]
config = {{ dimensions = 8, similar_items = "heard", users_send_messages = true }}
training = {{ epochs = 1 }}

[write_back]
model = "hears similar films"
top = 3
"""


@pytest.mark.slow
def test_a_pipeline_links_similar_items_and_trains_on_the_links(
    connected: CommandLine, store: Store, tmp_path: Path, dataset_name: str
) -> None:
    def done(neighbours: int) -> list[str]:
        file = tmp_path / "pipeline.toml"
        file.write_text(WITH_SIMILARITY.format(name=dataset_name, neighbours=neighbours), encoding="utf-8")
        said = connected("pipeline", file, "--json")
        assert said.code == 0, said.err
        return [step["step"] for step in said.document["steps"] if not step["skipped"]]

    seeds = [f"train hears similar films, seed {seed}" for seed in (0, 1)]
    assert done(3) == ["ingest", "profiles", "similarity", "export", *seeds, "write-back"]
    assert load_snapshot(tmp_path / "work" / "snapshot").manifest.relations[-1] == "SIMILAR_TO"
    assert done(3) == ["ingest"]
    assert done(4) == ["ingest", "similarity", "export", *seeds, "write-back"]
    listed = connected("runs", "list", dataset_name, "--json").document["runs"]
    assert [run["model"] for run in listed if run["active"]] == ["spike"]


BY_MODEL = """
name = "{name}"
folder = "work"

[ingest]
source = "tables"
path = "own/dataset.toml"

[profiles]
writer = "llm"
llm = "openai:test-model"

[[train]]
model = "popularity"

[write_back]
model = "popularity"
top = 2
"""


def test_a_language_model_writes_the_profiles_of_a_pipeline(
    connected: CommandLine, store: Store, tmp_path: Path, dataset_name: str
) -> None:
    own(tmp_path / "own")
    file = tmp_path / "pipeline.toml"
    file.write_text(BY_MODEL.format(name=dataset_name), encoding="utf-8")
    with ChatServer() as server:
        words = ("pipeline", file, "--set", f"llm.base_url={server.url}", "--json")
        said = connected(*words)
        assert said.code == 0, said.out
        assert server.record.requests > 0
        assert connected("profile", "status", dataset_name, "--quick", "--json").document["active"]["mode"] == "chain"
        asked = server.record.requests
        assert connected(*words).code == 0
        assert server.record.requests == asked
    file.write_text(BY_MODEL.format(name=dataset_name).replace('llm = "openai:test-model"', ""), encoding="utf-8")
    said = connected("pipeline", file, "--json")
    assert (said.code, said.document["error"]["where"]) == (2, "profiles.llm")
    remove(store, dataset_name)
