"""What every command shares: `--json`, `--config`, `--set`, one document on stdout, one exit code."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from rich.console import Console

from spikegraph import logs
from spikegraph.errors import SpikeGraphError, UsageError
from spikegraph.settings import Settings, load_settings


@dataclass(frozen=True)
class Session:
    """What a command runs with."""

    settings: Settings
    as_json: bool


@dataclass(frozen=True)
class Answer:
    """What a command gives: a document for `--json`, a way to show it to a person, and what to do once it is told."""

    document: Any
    show: Callable[[Console], None]
    afterwards: Callable[[], None] | None = None

    @classmethod
    def line(cls, text: str, document: Any) -> Answer:
        """Show one line of text for the document."""
        return cls(document, lambda console: console.print(text, highlight=False, soft_wrap=True))


COMMON_OPTIONS: dict[str, tuple[Any, Any]] = {
    "json_output": (
        Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else there.")],
        False,
    ),
    "config": (
        Annotated[Path | None, typer.Option("--config", help="A TOML file with settings.", metavar="FILE.toml")],
        None,
    ),
    "assignments": (
        Annotated[list[str] | None, typer.Option("--set", help="One setting, as key=value.", metavar="KEY=VALUE")],
        None,
    ),
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Log every step to stderr.")], False),
}


def command(app: typer.Typer, name: str | None = None) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Register a function `(session, …) -> Answer` as a command with the common options."""

    def register(function: Callable[..., Answer]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(**arguments: Any) -> None:
            common = {option: arguments.pop(option) for option in COMMON_OPTIONS}
            logs.configure(verbose=common["verbose"])
            settings = load_settings(common["config"], common["assignments"] or ())
            session = Session(settings=settings, as_json=common["json_output"])
            answer = function(session, **arguments)
            print_answer(answer, as_json=session.as_json)
            if answer.afterwards:
                answer.afterwards()

        _give_signature(run, function)
        app.command(name)(run)
        return run

    return register


def _give_signature(run: Callable[..., None], function: Callable[..., Answer]) -> None:
    """Let typer see the function's own parameters (but the session), then the common options."""
    hints = get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]
    common = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for option, (annotation, default) in COMMON_OPTIONS.items()
    ]
    run.__signature__ = inspect.Signature([*own, *common], return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *common)} | {"return": None}
    del run.__wrapped__  # type: ignore[attr-defined]  # typer would read the hints of the function behind it


def key_values(words: Iterable[str], option: str) -> dict[str, str]:
    """Read `key=value` words.

    Raises:
        UsageError: a word has no '='.
    """
    pairs = [word.partition("=") for word in words]
    for key, separator, _ in pairs:
        if not separator:
            raise UsageError(f"'{key}' is not key=value", where=option)
    return {key: value for key, _, value in pairs}


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print the document as JSON, or show it as a person reads it; of several processes the first one does."""
    if not logs.speaks():
        return
    if as_json:
        sys.stdout.write(json.dumps(answer.document, ensure_ascii=False, indent=2, default=str) + "\n")
        sys.stdout.flush()
    else:
        answer.show(Console())


def print_error(error: SpikeGraphError, *, as_json: bool) -> None:
    """Print an error: as `{error: …}` on stdout under `--json`, else as text on stderr."""
    if as_json and logs.speaks():
        document: Mapping[str, Any] = {"error": error.as_dict()}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    place = f"{error.where}: " if error.where else ""
    console.print(f"[bold red]error[/] ({error.kind}): ", end="")
    console.print(f"{place}{error.message}", markup=False)
    if error.hint:
        console.print(f"  what to do: {error.hint}", markup=False)
