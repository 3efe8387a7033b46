"""Files and folders that are written whole or not at all, and TOML files that are read with a clear error."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spikegraph.errors import UsageError


def replace_text(file: Path, text: str) -> None:
    """Write a file whole: a reader, or a kill, finds the old content or the new."""
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(file)


def read_toml(file: Path, hint: str | None = None) -> dict[str, Any]:
    """Read a TOML file; an error carries the hint.

    Raises:
        UsageError: it cannot be read, or is not TOML; the reason names the line.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file), hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"is not TOML: {error}", where=str(file), hint=hint) from error


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `folder` when the block ends well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as temporary:
        part = Path(temporary) / "new"
        part.mkdir()
        yield part
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        part.rename(folder)
