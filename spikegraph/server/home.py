"""One home per server instance: where its files lie, how it is made, and how it is removed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from spikegraph.errors import ServerError
from spikegraph.server.jars import LockFile
from spikegraph.server.java import Java

MARKER = "spikegraph-server.json"
"""Only a folder with this file is ours, to change and to remove."""

USERNAME = "neo4j"
FOLDERS = ("lib", "plugins", "conf", "data", "logs", "run", "import", "licenses")
ADMIN_TOOL = "org.neo4j.cli.AdminTool"
DATABASE = "neo4j"
"""The one user database of the Community edition."""
INSTALL_HINT = "spikegraph server install"


@dataclass(frozen=True)
class Home:
    """The folder of one server and the names in it."""

    path: Path

    @property
    def marker(self) -> Path:
        """Says that the folder is ours, which versions it holds, and which jars we put there."""
        return self.path / MARKER

    @property
    def password_file(self) -> Path:
        """The password and nothing else, readable by its owner alone."""
        return self.path / "password"

    @property
    def state_file(self) -> Path:
        """The process that runs, or ran last, with its ports."""
        return self.path / "run" / "spikegraph.json"

    @property
    def configuration_file(self) -> Path:
        """Written anew at every start."""
        return self.path / "conf" / "neo4j.conf"

    @property
    def own_configuration_file(self) -> Path:
        """The user's own settings; they win."""
        return self.path / "conf" / "own.conf"

    @property
    def console_log(self) -> Path:
        """What the process of the last start said, from its first line."""
        return self.path / "logs" / "console.log"

    @property
    def server_log(self) -> Path:
        """Neo4j's own log, over all starts."""
        return self.path / "logs" / "neo4j.log"

    @property
    def import_note(self) -> Path:
        """There while an offline import runs, and after one that was cut off."""
        return self.path / "run" / "importing.json"

    @property
    def import_log(self) -> Path:
        """What the last offline import said."""
        return self.path / "logs" / "import.log"

    @property
    def is_ours(self) -> bool:
        """Tell whether the folder is one that an install of ours made."""
        return self.marker.is_file()

    @property
    def has_data(self) -> bool:
        """Tell whether the server has been started here before, so that its password is set for good."""
        return (self.path / "data" / "databases" / "system").exists()

    def installed(self) -> dict[str, object]:
        """Give what the marker says (`versions`, `jars`), or nothing where there is none."""
        try:
            return dict(json.loads(self.marker.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def holds(self, lock: LockFile) -> bool:
        """Tell whether every jar of the lock file lies here with its size."""
        try:
            sizes = [(self.path / jar.place / jar.file_name).stat().st_size for jar in lock.jars]
        except OSError:
            return False
        return self.installed().get("versions") == lock.versions and sizes == [jar.size for jar in lock.jars]

    def class_path(self, *places: str) -> str:
        """Give the Java class path of all jars in these folders."""
        return os.pathsep.join(str(self.path / place / "*") for place in places)


def create_folders(home: Home) -> None:
    """Make the folders of a home.

    Raises:
        ServerError: the folder is there, is not empty, and is not one of ours.
    """
    if home.path.exists() and not home.is_ours and any(home.path.iterdir()):
        hint = "choose an empty folder, or one that is not there yet: --set server.home=…"
        raise ServerError("this folder holds something that is not ours", where=str(home.path), hint=hint)
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.path.chmod(0o700)
    home.marker.touch()
    for name in FOLDERS:
        (home.path / name).mkdir(exist_ok=True)


def record_installed(home: Home, lock: LockFile) -> None:
    """Remove jars of an earlier version (never a plugin of the user's), then note what lies here now."""
    names = sorted(f"{jar.place}/{jar.file_name}" for jar in lock.jars)
    earlier = home.installed().get("jars")
    for name in set(earlier if isinstance(earlier, list) else []) - set(names):
        (home.path / str(name)).unlink(missing_ok=True)
    document = {"made_by": "spikegraph", "versions": lock.versions, "jars": names}
    fresh = home.marker.with_suffix(".new")
    fresh.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    fresh.replace(home.marker)


def ensure_password(home: Home, java: Java) -> None:
    """Give a home that has never been started a random password, kept in a file of mode 0600.

    Raises:
        ServerError: the server has been started before and the file is gone, or the password cannot be set.
    """
    if home.has_data:
        if not home.password_file.is_file():
            hint = f"write the password into that file, or start over: spikegraph server remove, {INSTALL_HINT}"
            raise ServerError("the file with the password is gone", where=str(home.password_file), hint=hint)
        return
    # Hexadecimal: the tool that sets it takes a password that begins with a dash for an option.
    password = secrets.token_hex(24)
    _write_private(home.password_file, password)
    _set_initial_password(home, java, password)


def read_password(home: Home) -> str:
    """Read the password of the server.

    Raises:
        ServerError: there is none yet.
    """
    try:
        return home.password_file.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        hint = "it is made by: spikegraph server start"
        raise ServerError("there is no password yet", where=str(home.password_file), hint=hint) from error


def remove_folder(home: Home) -> None:
    """Remove a home with all its data.

    Raises:
        ServerError: the folder is not one of ours.
    """
    if not home.is_ours:
        hint = f"only a folder with the file {MARKER} is removed"
        raise ServerError("this folder is not a home of ours", where=str(home.path), hint=hint)
    shutil.rmtree(home.path)


@contextmanager
def exclusively(home: Home, timeout: float) -> Iterator[None]:
    """Let one program at a time install, start, stop or remove this home; wait `timeout` seconds for another.

    Raises:
        ServerError: another program has not finished by then.
    """
    home.path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_file(home))
    try:
        with lock.acquire(timeout=timeout):
            yield
    except Timeout as error:
        hint = "wait until the other `spikegraph server …` has finished"
        raise ServerError("the home is in use by another process", where=str(home.path), hint=hint) from error


def forget_lock(home: Home) -> None:
    """Remove the file that `exclusively` locks, once the home is gone."""
    _lock_file(home).unlink(missing_ok=True)


def _lock_file(home: Home) -> Path:
    """Give the file beside the home, so that a home that is being removed is still locked."""
    return home.path.with_name(f".{home.path.name}.lock")


def _set_initial_password(home: Home, java: Java, password: str) -> None:
    """Hand the password over in a private file of arguments: command lines can be read by every user of a machine."""
    arguments = home.path / "run" / "arguments"
    _write_private(arguments, f"dbms\nset-initial-password\n{password}\n")
    command = [str(java.executable), "-cp", home.class_path("lib"), ADMIN_TOOL, f"@{arguments}"]
    # The tool reads a neo4j.conf where it finds one, and stops at a bad setting; the folder `run` has none.
    environment = {**os.environ, "NEO4J_HOME": str(home.path), "NEO4J_CONF": str(home.path / "run")}
    try:
        subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if line.strip()]
        raise ServerError(f"the password cannot be set: {said[0] if said else error}", where=str(home.path)) from None
    finally:
        arguments.unlink()


def _write_private(file: Path, text: str) -> None:
    """Write a file that is readable by its owner alone from its first moment on."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
