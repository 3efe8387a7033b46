"""Files and folders that are written whole or not at all: a reader, or a kill, finds the old content or the new."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_text(file: Path, text: str) -> None:
    """Write a file whole: a reader, or a kill, finds the old content or the new."""
    part = file.with_name(file.name + ".part")
    with part.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(file)


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
