"""The lock file, and the cache that is filled from it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from spikegraph.errors import ServerError
from spikegraph.server import fetch as fetching
from spikegraph.server.fetch import Fetch, fill_cache, link_jars
from spikegraph.server.home import Home, create_folders, record_installed
from spikegraph.server.jars import LOCK_FILE, Jar, LockFile, read_lock, write_lock

CONTENTS = {f"part-{number}": os.urandom(2_000 + number) for number in range(20)}


def jar_of(name: str, content: bytes) -> Jar:
    place = "plugins" if name.endswith("9") else "lib"
    return Jar("org.example", name, "1.0", "", place, len(content), hashlib.sha256(content).hexdigest())


LOCK = LockFile({"server": "1.0"}, tuple(jar_of(name, content) for name, content in CONTENTS.items()))


class Repository:
    """Stands in for the network: serves the contents, counts, and lets single jars go wrong."""

    def __init__(self, wrong: dict[str, bytes | BaseException] | None = None) -> None:
        self.wrong = wrong or {}
        self.served: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, jar: Jar, folder: Path) -> Path:
        with self.lock:
            self.served.append(jar.artifact)
        folder.mkdir(parents=True)
        content = self.wrong.get(jar.artifact, CONTENTS[jar.artifact])
        if isinstance(content, BaseException):
            (folder / jar.file_name).write_bytes(b"half")
            raise content
        (folder / jar.file_name).write_bytes(content)
        return folder / jar.file_name


def fill(cache: Path, fetch: Fetch, threads: int = 4) -> int:
    return fill_cache(LOCK, cache, fetch=fetch, threads=threads, pause=0.0)


def test_the_lock_file_lists_whole_server() -> None:
    lock = read_lock()
    names = {jar.file_name for jar in lock.jars}
    assert len(names) == len(lock.jars) > 300
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in lock.jars)
    assert f"neo4j-server-{lock.versions['server']}.jar" in names
    assert f"neo4j-browser-{lock.versions['browser']}.jar" in names
    gds = next(jar for jar in lock.jars if jar.coordinates == f"org.neo4j.gds:proc:{lock.versions['gds']}")
    assert gds.place == "plugins"
    assert "netty-transport-native-epoll-4.1.129.Final-linux-x86_64.jar" in names


def test_the_lock_file_names_no_host_and_is_written_as_it_is_read(tmp_path: Path) -> None:
    assert "://" not in LOCK_FILE.read_text(encoding="utf-8")
    write_lock(read_lock(), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == LOCK_FILE.read_bytes()


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    repository = Repository()
    assert fill(tmp_path, repository) == 20
    assert fill(tmp_path, repository) == 0
    assert sorted(repository.served) == sorted(CONTENTS)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(jar.file_name for jar in LOCK.jars)


def test_cached_jars_are_read_only(tmp_path: Path) -> None:
    fill(tmp_path, Repository())
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o444}


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"x" * 2_007)])
def test_a_damaged_jar_is_fetched_again_and_only_that(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    fill(tmp_path, Repository())
    damaged = tmp_path / LOCK.jars[7].file_name
    damaged.chmod(0o644)
    damage(damaged)
    repository = Repository()
    assert fill(tmp_path, repository) == 1
    assert repository.served == ["part-7"]
    assert damaged.read_bytes() == CONTENTS["part-7"]


def test_a_wrong_hash_is_refused_by_name_and_not_kept(tmp_path: Path) -> None:
    forged = bytes(len(CONTENTS["part-3"]))
    with pytest.raises(ServerError, match="SHA-256") as caught:
        fill(tmp_path, Repository({"part-3": forged}))
    assert caught.value.where == "org.example:part-3:1.0"
    assert caught.value.hint
    assert not (tmp_path / LOCK.jars[3].file_name).exists()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.read_bytes() == forged]


@pytest.mark.parametrize("cut", [CONTENTS["part-0"][:1_000], ConnectionError("host.example said goodbye")])
def test_a_cut_download_goes_on_where_it_stopped(tmp_path: Path, cut: bytes | BaseException) -> None:
    last = f"part-{len(CONTENTS) - 1}"
    with pytest.raises(ServerError, match=r"cut|could not be downloaded") as caught:
        fill(tmp_path, Repository({last: cut}), threads=1)
    assert "spikegraph server install" in str(caught.value)
    assert "host.example" not in str(caught.value)
    assert len(list(tmp_path.iterdir())) == len(CONTENTS) - 1, "what came whole is kept, nothing half"
    repository = Repository()
    assert fill(tmp_path, repository) == 1
    assert repository.served == [last]


def test_a_download_that_fails_once_is_tried_again(tmp_path: Path) -> None:
    repository = Repository()

    def fails_first(jar: Jar, folder: Path) -> Path:
        if jar.artifact == "part-5" and "part-5" not in repository.served:
            repository.served.append("part-5")
            raise TimeoutError
        return repository(jar, folder)

    assert fill(tmp_path, fails_first) == 20
    assert repository.served.count("part-5") == 2


def test_a_full_disk_is_named_and_not_retried(tmp_path: Path) -> None:
    repository = Repository({"part-0": OSError(errno.ENOSPC, "No space left on device")})
    with pytest.raises(ServerError, match="the disk is full") as caught:
        fill(tmp_path, repository, threads=1)
    assert caught.value.where == str(tmp_path)
    assert repository.served.count("part-0") == 1


def test_a_disk_that_is_too_small_is_seen_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_000))
    repository = Repository()
    with pytest.raises(ServerError, match="MB are needed"):
        fill(tmp_path, repository)
    assert repository.served == []


def test_leavings_of_a_killed_install_are_removed(tmp_path: Path) -> None:
    (tmp_path / "partial-999999999-abc").mkdir(parents=True)
    (tmp_path / f"partial-{os.getpid()}-mine").mkdir()
    fill(tmp_path, Repository())
    assert [folder.name for folder in tmp_path.glob("partial-*")] == [f"partial-{os.getpid()}-mine"]


def test_homes_share_the_bytes_of_the_cache(tmp_path: Path) -> None:
    cache, home = tmp_path / "cache", tmp_path / "home"
    fill(cache, Repository())
    link_jars(LOCK, cache, home)
    link_jars(LOCK, cache, home)
    linked = [home / jar.place / jar.file_name for jar in LOCK.jars]
    assert all(file.samefile(cache / file.name) for file in linked)
    assert {file.parent.name for file in linked} == {"lib", "plugins"}


def test_jars_are_copied_where_they_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_file_system(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    cache, home = tmp_path / "cache", tmp_path / "home"
    fill(cache, Repository())
    monkeypatch.setattr(fetching.os, "link", other_file_system)
    link_jars(LOCK, cache, home)
    copies = [home / jar.place / jar.file_name for jar in LOCK.jars]
    assert all(jar.is_intact(file) for jar, file in zip(LOCK.jars, copies, strict=True))
    assert not any(file.samefile(cache / file.name) for file in copies)


def test_an_upgrade_removes_our_old_jars_and_leaves_the_users_plugin(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    create_folders(home)
    for place, name in (("lib", "old-1.0.jar"), ("lib", "kept-1.0.jar"), ("plugins", "users-own.jar")):
        (home.path / place / name).write_bytes(b"jar")
    record_installed(home, LockFile({"server": "1"}, (jar_of("old", b"jar"), jar_of("kept", b"jar"))))
    new = LockFile({"server": "2"}, (jar_of("kept", b"jar"),))
    record_installed(home, new)
    assert sorted(file.name for file in home.path.rglob("*.jar")) == ["kept-1.0.jar", "users-own.jar"]
    assert home.holds(new)
