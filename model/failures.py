"""What can end a training from outside: memory or a disk that runs out. Named, with what to change."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from spikegraph.errors import LimitReachedError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MEMORY_WORDS = ("not enough memory", "out of memory", "can't allocate memory", "std::bad_alloc")


@contextmanager
def limits_named(folder: Path) -> Iterator[None]:
    """Turn a lack of memory or disk space into an error that says what to change.

    Raises:
        LimitReachedError: the block ran out of one of them; the run folder keeps its last whole epoch.
    """
    try:
        yield
    except (MemoryError, OSError, RuntimeError, SafetensorError) as error:
        if memory_is_short(error):
            raise LimitReachedError(
                f"out of memory: {_first_line(error)}; the last whole epoch is kept",
                where=str(folder),
                hint="close other programs and go on with --resume, or train into another folder with a smaller "
                "train.max_batch_size or model.dimensions, or fewer entities (export --min-degree)",
            ) from error
        if disk_is_full(error):
            raise LimitReachedError(
                f"no space left to write: {_first_line(error)}; the last whole epoch is kept",
                where=str(folder),
                hint="free space on that disk, then go on with --resume",
            ) from error
        raise


def memory_is_short(error: BaseException) -> bool:
    """Tell whether an error is a lack of memory, on the CPU or a GPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in MEMORY_WORDS)


def disk_is_full(error: BaseException) -> bool:
    """Tell whether an error is a full disk, a used-up quota or a file that may not grow."""
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return True
    return isinstance(error, (OSError, SafetensorError)) and any(
        f"os error {code})" in str(error) for code in DISK_ERRORS
    )


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
