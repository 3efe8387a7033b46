from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from spikegraph import api
from spikegraph.cli import main
from spikegraph.cli.command import COMMON_OPTIONS
from spikegraph.cli.tables import show_table
from spikegraph.errors import UsageError
from spikegraph.library import parameter_value
from tests.spikegraph.conftest import CommandLine

GROUPS = {
    "": "doctor ingest export train tune evaluate compare import-lists "
    "write-back recommend similar explain query browser picture pipeline demo",
    "server ": "install start stop status password logs remove",
    "datasets ": "list show remove",
    "profile ": "template import activate status vectors llm plan show merge",
    "profile batch ": "export import",
    "runs ": "list show diff activate rollback prune",
}
COMMANDS = [f"{group}{word}" for group, words in GROUPS.items() for word in words.split()]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_a_help_and_the_common_options(spikegraph: CommandLine, words: str) -> None:
    said = spikegraph(*words.split(), "--help")
    assert said.code == 0
    assert all(option in said.out for option in ("--json", "--config", "--set", "--verbose"))
    assert len(COMMON_OPTIONS) == 4


def test_wrong_usage_is_named_and_leaves_with_2(spikegraph: CommandLine) -> None:
    said = spikegraph("trian")
    assert said.code == 2
    assert "trian" in said.err
    said = spikegraph("train", "--json")
    assert said.code == 2
    assert said.document["error"]["kind"] == "usage"
    assert "SNAPSHOT" in said.document["error"]["message"]


def test_an_unknown_setting_is_refused(spikegraph: CommandLine) -> None:
    said = spikegraph("datasets", "list", "--set", "server.heep=1g", "--json")
    assert said.code == 2
    assert said.document["error"]["where"] == "server.heep"


def test_without_a_server_the_error_gives_the_command_that_starts_one(spikegraph: CommandLine) -> None:
    said = spikegraph("datasets", "list", "--json")
    assert said.code == 4
    assert "spikegraph server start" in said.document["error"]["hint"]


def test_bad_data_leaves_with_3_and_names_file_and_line(connected: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("0 1 2\n1 x\n", encoding="utf-8")
    (tmp_path / "test.txt").write_text("0 3\n", encoding="utf-8")
    (tmp_path / "kg_final.txt").write_text("0 0 4\n", encoding="utf-8")
    said = connected("ingest", "kgat", tmp_path, "--name", "t-bad", "--json")
    assert said.code == 3
    assert said.document["error"]["where"] == "train.txt:2"
    listed = connected("datasets", "list", "--json").document["datasets"]
    assert "t-bad" not in [dataset["name"] for dataset in listed]


def test_a_bug_of_ours_leaves_with_1_and_says_so(spikegraph: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(api, "list_datasets", broken)
    said = spikegraph("datasets", "list", "--json")
    assert said.code == 1
    assert said.document["error"]["kind"] == "internal"
    assert "ZeroDivisionError: oh" in said.document["error"]["message"]
    assert "Traceback" in said.err


def test_an_interruption_leaves_with_130(spikegraph: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "list_datasets", interrupted)
    assert spikegraph("datasets", "list").code == 130


def test_the_installed_program_speaks_json_on_stdout_alone(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("spikegraph")
    command = [str(program), "datasets", "list", "--json", "--set", f"home={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["kind"] == "database"


def test_doctor_finds_what_is_there_and_shows_no_value_of_a_key(
    connected: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-do-not-show")
    said = connected("doctor", "--json")
    assert said.code == 0
    found = {finding["what"]: finding for finding in said.document["findings"]}
    assert found["Neo4j"]["state"] == "ok"
    assert found["torch"]["state"] == "ok"
    assert "OPENAI_API_KEY" in found["keys of language models"]["found"]
    assert "sk-do-not-show" not in said.out + said.err


def test_doctor_names_a_script_that_shadows_a_room(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from spikegraph.doctor import _rooms; print([finding.found for finding in _rooms()])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert str(tmp_path / "model.py") in done.stdout


def test_query_lists_the_library_and_asks_by_name(connected: CommandLine) -> None:
    library = connected("query", "--json").document["statements"]
    assert {"explore/data_set/overview", "recommend/by_user"} <= {statement["name"] for statement in library}
    assert {"Is the graph sane?", "What is in this data set?"} <= {statement["question"] for statement in library}
    assert "rows" in connected("query", "explore/data_set/overview", "--json").document
    assert "rows" in connected("query", "overview", "--json").document
    several = connected("query", "similar_items", "--json")
    assert several.code == 2
    assert "explore/communities/similar_items" in several.document["error"]["hint"]
    unknown = connected("query", "explore/data_set/overview", "--param", "colour=red", "--json")
    assert unknown.code == 2
    assert "colour" in unknown.document["error"]["message"]


def test_query_refuses_statements_that_write(connected: CommandLine) -> None:
    said = connected("query", "dataset/remove_records", "--param", "dataset=demo", "--json")
    assert said.code == 2
    assert "writes" in said.document["error"]["message"]


@pytest.mark.parametrize(
    ("example", "given", "value"),
    [("'demo'", "42", "42"), ("'demo'", None, "demo"), ("10", "3", 3), ("10", None, 10), ("['a']", '["b"]', ["b"])],
)
def test_parameters_are_read_as_their_example_is_written(example: str, given: str | None, value: object) -> None:
    assert parameter_value("k", example, given) == value


def test_a_parameter_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        parameter_value("k", "10", "many")


def test_errors_are_found_in_the_json_of_main(spikegraph: CommandLine) -> None:
    with pytest.raises(SystemExit) as left:
        main.main(["recommend", "nowhere", "user/1", "--json"])
    assert left.value.code == 4


def test_square_brackets_reach_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    """They are markup to the console, and part of an install line to a person."""
    show_table(Console(width=100), "table", ("what",), [["'.[minilm]'"]])
    assert "'.[minilm]'" in capsys.readouterr().out
