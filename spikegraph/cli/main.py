"""`spikegraph`: the one program. Torch and the like are imported only inside the commands that need them."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import typer

from spikegraph.cli import (
    browser,
    compare,
    datasets,
    doctor,
    explain,
    fold_in,
    gds,
    pipeline,
    profiles,
    query,
    recommend,
    runs,
    server,
    similarity,
    training,
    tune,
)
from spikegraph.cli.command import print_error
from spikegraph.errors import SpikeGraphError, UsageError

app = typer.Typer(
    name="spikegraph",
    help="A recommender whose home is the graph database.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
for group in (
    doctor,
    server,
    datasets,
    profiles,
    similarity,
    training,
    tune,
    compare,
    runs,
    fold_in,
    recommend,
    explain,
    query,
    gds,
    browser,
    pipeline,
):
    group.add_to(app)


@runtime_checkable
class CommandLineError(Protocol):
    """What the command-line library raises on wrong usage, whichever module it keeps the class in."""

    exit_code: int

    def format_message(self) -> str:
        """Give the message for a person."""
        ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with the exit code of the kind of error, if any."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run one command line and give its exit code (0, 1, 2, 3, 4, 5, 6 or 130; see docs/command-line.md)."""
    as_json = "--json" in words
    try:
        result = app(list(words), standalone_mode=False)
    except SpikeGraphError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if isinstance(error, CommandLineError):
            print_error(UsageError(error.format_message(), hint="spikegraph --help"), as_json=as_json)
            return UsageError.exit_code
        print_error(_as_bug(error), as_json=as_json)
        return SpikeGraphError.exit_code
    return result if isinstance(result, int) else 0


def _as_bug(error: Exception) -> SpikeGraphError:
    traceback.print_exc()
    message = f"{type(error).__name__}: {error}"
    return SpikeGraphError(message, hint="this is a bug of ours: please report it with the lines above")


if __name__ == "__main__":
    main()
