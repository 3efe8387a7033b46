"""A search's folder: all that it needs to go on, and no more weights than the best trial's.

search.json       what is searched (`SearchIdentity`)
journal.jsonl     optuna's storage
best.toml         the best options so far, as settings
trials/NNN/       a run folder each; only the best has its weights
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from model.tune.identity import SearchIdentity
from spikegraph.errors import DataError, UsageError
from spikegraph.files import replace_text

KEPT = ("run.json", "log.jsonl")
"""Files of a trial that is not the best."""


class SearchFolder:
    """The files of a search."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def journal(self) -> Path:
        """The storage's file."""
        return self.path / "journal.jsonl"

    def check(self, identity: SearchIdentity) -> None:
        """Refuse a folder that is neither new, nor empty, nor this very search's.

        Raises:
            UsageError: it holds something else.
            DataError: it holds a search that cannot be read.
        """
        if not self._file.exists():
            if self.path.exists() and any(name.name != "lock" for name in self.path.iterdir()):
                raise UsageError("is not empty and holds no search", where=str(self.path), hint="choose another folder")
            return
        found = self._read()
        if found != identity:
            raise UsageError(
                f"holds another search: {_difference(found, identity)}",
                where=str(self.path),
                hint="choose another folder, or remove this one",
            )

    @contextmanager
    def taken(self, identity: SearchIdentity) -> Iterator[None]:
        """Hold the folder for this search alone; the operating system lets go of it if the process is killed.

        Raises:
            UsageError: another process searches in it, or it holds something else.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / "lock", timeout=0):
                self.check(identity)
                replace_text(self._file, identity.model_dump_json(indent=2) + "\n")
                yield
        except Timeout as error:
            raise UsageError("another process is searching here", where=str(self.path)) from error

    def trial(self, number: int) -> Path:
        """Give the run folder of a trial, cleared where no run was begun in it."""
        folder = self.path / "trials" / f"{number:03d}"
        if folder.exists() and not (folder / "run.json").exists():
            shutil.rmtree(folder)
        return folder

    def keep_weights_of(self, best: int | None, finished: Iterable[int]) -> None:
        """Delete the files of weights, lists and users of all finished trials but the best, and the best's state."""
        for number in finished:
            folder = self.path / "trials" / f"{number:03d}"
            for file in folder.glob("*"):
                if file.is_file() and file.name not in KEPT and (number != best or file.name.startswith("state.")):
                    file.unlink()

    def clear(self, finished: int) -> None:
        """Leave nothing of a search in which no trial was finished, so that it can be asked for in another way."""
        if not finished:
            shutil.rmtree(self.path / "trials", ignore_errors=True)
            for file in (self._file, self.journal):
                file.unlink(missing_ok=True)

    def write_best(self, text: str) -> None:
        """Replace best.toml."""
        replace_text(self.path / "best.toml", text)

    @property
    def _file(self) -> Path:
        return self.path / "search.json"

    def _read(self) -> SearchIdentity:
        try:
            return SearchIdentity.model_validate_json(self._file.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise DataError(f"is no search that can be read: {error}", where=str(self._file)) from error


def _difference(found: SearchIdentity, wanted: SearchIdentity) -> str:
    old, new = (_flat(identity.model_dump()) for identity in (found, wanted))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return "; ".join(f"{key} is {old.get(key)!r}, not {new.get(key)!r}" for key in keys)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put the parts of nested mappings side by side, so that only what differs is told."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping)
        flat |= {f"{key} {part}": one for part, one in value.items()} if nested else {key: value}
    return flat
