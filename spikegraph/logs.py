"""Logs and progress go to stderr, so that stdout stays one document under `--json`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]
"""Called with the number of steps just done."""


def speaks() -> bool:
    """Tell whether this process talks: the only one, or the first of those that torchrun started."""
    return "TORCHELASTIC_RUN_ID" not in os.environ or os.environ.get("RANK", "0") == "0"


def configure(*, verbose: bool = False) -> None:
    """Send structured log lines to stderr: information and above, or everything when `verbose`.

    Of processes that work together only the first one logs; errors are everyone's.
    """
    level = (logging.DEBUG if verbose else logging.INFO) if speaks() else logging.ERROR
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(file=sys.stderr),  # whatever stderr is at that moment
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Give the logger of a room; `name` is its module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=name.split(".")[0])
    return logger


@contextmanager
def only_errors() -> Iterator[None]:
    """Leave out all but errors while the block runs, unless every step was asked for (`verbose`)."""
    before = structlog.get_config()["wrapper_class"]
    if before is structlog.make_filtering_bound_logger(logging.INFO):
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Advance]:
    """Show a bar on stderr while the block runs (nothing where stderr is no terminal).

    Args:
        description: what is being done, in a few words.
        total: the number of steps, or None where it is not known.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not (console.is_terminal and speaks())) as bar:
        task = bar.add_task(description, total=total)
        yield lambda steps: bar.advance(task, steps)
