"""The options that all commands about language models share, and what they are turned into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_args

import typer

from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from llm_profiles.contract import Kind, Split

Llm = Annotated[
    str,
    typer.Option(help="The model: openai:gpt-4o-mini, ollama:NAME, local:smollm2-135m.", metavar="PROVIDER:MODEL"),
]
BaseUrl = Annotated[
    str | None, typer.Option(help="The address of a server that speaks OpenAI's language.", metavar="URL")
]
SetName = Annotated[str, typer.Option(help="The profile set.", metavar="SET")]
Plan = Annotated[Path | None, typer.Option(help="A plan's file (see profile plan).", metavar="FILE.yaml")]
PromptsFolder = Annotated[
    Path | None, typer.Option("--prompts", help="A folder whose prompts stand in for ours.", metavar="DIR")
]
DomainName = Annotated[
    str | None,
    typer.Option("--domain", help="Whose words the prompts use: films, books, music …; guessed."),
]
See = Annotated[str, typer.Option(help="What texts may see: train, or train,valid once a model was selected.")]
Kinds = Annotated[str, typer.Option(help="Kinds of nodes, with commas between them.")]
RefreshOf = Annotated[str, typer.Option("--refresh", help="Which nodes: missing, stale, failed or all.")]
Sample = Annotated[int | None, typer.Option(help="Only so many nodes of each kind, spread evenly.", min=1)]
Shard = Annotated[str | None, typer.Option(help="Only the i-th of n parts.", metavar="i/n")]
EveryEntity = Annotated[
    bool, typer.Option("--every-entity", help="Write entities too that no item is linked with (one call each).")
]

Value = TypeVar("Value", bound=str)


def with_server(settings: Settings, base_url: str | None, prompts: Path | None = None) -> Settings:
    """Give settings with a server's address and a folder of prompts, where these were given."""
    given: dict[str, Any] = {"base_url": base_url, "prompts": prompts}
    llm = settings.llm.model_copy(update={key: value for key, value in given.items() if value is not None})
    return settings.model_copy(update={"llm": llm})


def kinds_of(words: str) -> tuple[Kind, ...]:
    """Read `item,user`, and give the kinds in the order in which they are written."""
    from llm_profiles.contract import KINDS, Kind

    wanted = {one_of(Kind, word.strip(), "--kinds") for word in words.split(",")}
    return tuple(kind for kind in KINDS if kind in wanted)


def splits_of(words: str) -> tuple[Split, ...]:
    """Read `train` or `train,valid`; nothing ever sees test."""
    found = tuple(word.strip() for word in words.split(","))
    if found not in (("train",), ("train", "valid")):
        raise UsageError(f"'{words}' is nothing that texts may see", where="--see", hint="train, or train,valid")
    return cast("tuple[Split, ...]", found)


def shard_of(words: str | None) -> tuple[int, int] | None:
    """Read `2/8`."""
    from llm_profiles.shard import parse_shard

    return parse_shard(words) if words else None


def one_of(literal: Any, word: str, option: str) -> Any:
    """Give a word that is one of a Literal's.

    Raises:
        UsageError: it is none of them.
    """
    if word not in get_args(literal):
        raise UsageError(f"'{word}' is not known", where=option, hint=f"one of: {', '.join(get_args(literal))}")
    return word
