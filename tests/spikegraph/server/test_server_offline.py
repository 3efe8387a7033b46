"""The offline import: the same graph as online, only ever into an empty home, and never half of one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest

from cypher import dataset as datasets
from cypher.store import Store
from ingest.import_files import ImportFiles, Nodes, Relationships, write_import_files
from ingest.prepare import Prepared, prepare
from ingest.readers import read
from ingest.split import SplitRule, default_rule
from ingest.write import ingest, remove
from spikegraph import server as local
from spikegraph.errors import DataError, ServerError
from spikegraph.offline import import_data_set
from spikegraph.server import interrupted, offline
from spikegraph.server.home import Home
from spikegraph.settings import ServerSettings
from tests.support.graph import dump, run
from tests.support.neo4j_server import QUICK_START, guarded, temporary_settings

OWN_DATA = Path(__file__).resolve().parents[3] / "docs" / "examples" / "own-data"
NAME = f"t-offline-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerSettings]:
    """A home of its own, whose server has never been started."""
    settings = temporary_settings(tmp_path_factory.mktemp("offline"))
    with guarded(settings.home), patch.dict(os.environ, QUICK_START):
        local.install(settings)
        yield settings
        local.remove(settings, force=True)


@pytest.fixture(scope="module")
def books() -> Prepared:
    """The own-data example, one text of it as hard for a CSV file as can be."""
    tables = read("tables", OWN_DATA, {})
    users = tables.users.assign(remark=[None, "", 'says "hm, no"\nand \\" leaves', *["é"] * (len(tables.users) - 3)])
    users["share"] = [None, 0.1, 1e-7, *[1 / 3] * (len(users) - 3)]
    users["lends"] = [True, None, *[False] * (len(users) - 2)]
    changed = tables.__class__(**{**vars(tables), "users": users})
    return prepare(NAME, changed, default_rule(changed.interactions, 0))


def people(number: int, **columns: object) -> Nodes:
    return Nodes(("User", "Films"), "User", pd.DataFrame({"id": range(number), **columns}))


def files_of(folder: Path, *parts: Nodes | Relationships) -> ImportFiles:
    return write_import_files(folder, parts)


def test_what_the_importer_refuses_leaves_an_empty_home(home: ServerSettings, tmp_path: Path) -> None:
    astray = pd.DataFrame({"start": [0], "end": [7]})
    files = files_of(tmp_path, people(2), Relationships("KNOWS", "User", "User", astray))
    with pytest.raises(ServerError, match=r"the import failed: .*7") as caught:
        local.import_graph(home, files)
    assert "import.log" in (caught.value.where or "")
    assert not Home(home.home.resolve()).import_note.exists()
    assert not (home.home / "data" / "databases" / "neo4j").exists()


def test_an_import_that_was_killed_is_cleared_by_the_next_one_and_gives_the_graph_of_the_online_ingest(
    home: ServerSettings, books: Prepared, store: Store
) -> None:
    half = home.home / "data" / "databases" / "neo4j"
    half.mkdir(parents=True)
    (half / "neostore").write_text("half a graph", encoding="utf-8")
    interrupted.note(Home(home.home.resolve()), pid=None)
    report = import_data_set(home, books)
    assert report.dataset.state == "ready"
    with Store.connect(*local.connection(home)) as imported:
        offline_graph, schema = dump(imported, NAME), schema_of(imported)
        record = vars(datasets.get(imported, NAME))
    ingest(store, NAME, books.tables, split=books.split)
    try:
        online = dump(store, NAME)
        for part, lines in online.items():
            assert [line for line in lines if line not in offline_graph[part]] == []
            assert len(lines) == len(offline_graph[part])
        assert schema <= schema_of(store)
        assert record == vars(datasets.get(store, NAME))
    finally:
        remove(store, NAME)
    assert len(schema) > 10


def schema_of(store: Store) -> set[str]:
    constraints = run(store, "SHOW CONSTRAINTS YIELD name RETURN name")
    migrations = run(store, "MATCH (m:Migration) RETURN m.version + m.checksum AS name")
    return {row["name"] for row in [*constraints, *migrations]}


def test_the_same_again_does_nothing_and_anything_else_is_refused(
    home: ServerSettings, books: Prepared, tmp_path: Path
) -> None:
    assert import_data_set(home, books).unchanged
    with pytest.raises(ServerError, match="the graph is not empty: it holds") as caught:
        local.import_graph(home, files_of(tmp_path, people(2)))
    assert "--set server.home" in (caught.value.hint or "")
    other = prepare("other", books.tables, SplitRule("none"))
    with pytest.raises(ServerError, match="the graph is not empty"):
        import_data_set(home, other)
    with Store.connect(*local.connection(home)) as store:
        assert [found.name for found in datasets.list_datasets(store)] == [NAME]


def test_the_note_goes_when_all_went_well_and_the_graph_goes_when_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    database = tmp_path / "data" / "databases" / "neo4j"
    database.mkdir(parents=True)
    (tmp_path / "run").mkdir()
    with interrupted.noted(home):
        assert home.import_note.exists()
    assert database.exists()
    assert not home.import_note.exists()
    with pytest.raises(KeyboardInterrupt), interrupted.noted(home):
        raise KeyboardInterrupt
    assert not database.exists()
    assert not home.import_note.exists()


def test_fewer_than_were_to_be_imported_is_an_error(tmp_path: Path) -> None:
    files = files_of(tmp_path, people(3))
    said = "IMPORT DONE in 1s. \nImported:\n  {} nodes\n  0 relationships\n  3 properties\n"
    offline._require_whole(Home(tmp_path), said.format(3), files)
    with pytest.raises(ServerError, match="3 nodes"):
        offline._require_whole(Home(tmp_path), said.format(2), files)


def test_what_a_file_of_one_type_cannot_hold_is_refused(tmp_path: Path) -> None:
    for values in ([[1], [2]], [1, "one"], pd.to_datetime(["2026-01-01", "2026-01-02"])):
        with pytest.raises(DataError, match="of one kind in a column"):
            files_of(tmp_path, people(2, odd=values))
    with pytest.raises(DataError, match="is not an identifier"):
        files_of(tmp_path, people(2, **{"a:ID": [1, 2]}))


def test_columns_without_a_value_and_parts_without_a_row_are_left_out(tmp_path: Path) -> None:
    files = files_of(tmp_path, people(2, nothing=[None, None], age=[3, None]), people(0))
    assert (files.nodes, files.reading()[-1]) == (2, "--nodes=User:Films=nodes-0.csv")
    assert len(files.reading()) == 2
    assert (tmp_path / "nodes-0.csv").read_text(encoding="utf-8") == ":ID(User),age:double\n0,3\n1,\n"


def test_the_command_line_says_what_does_not_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikegraph.cli.main import run as spikegraph

    assert spikegraph(["ingest", "demo", "--offline", "--replace"]) == 2
    assert "nothing to --replace" in capsys.readouterr().err
    monkeypatch.setenv("NEO4J_URI", "bolt://elsewhere:7687")
    assert spikegraph(["ingest", "demo", "--offline"]) == 2
    assert "local server only" in capsys.readouterr().err
