"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="The data set's name in the graph.", metavar="NAME")]
User = Annotated[str, typer.Argument(help="A user: key, short key (user/7) or exact name.", metavar="USER")]
Item = Annotated[str, typer.Argument(help="An item: key, short key (movie/12) or exact name.", metavar="ITEM")]
Embedding = Annotated[str, typer.Option(help="Text vectors to make: lsa, minilm, PROVIDER:MODEL or none.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Workers of Ray at once (extra ray).", metavar="N")]
Ray = Annotated[
    str | None, typer.Option(help="A cluster of Ray, HOST:6379 or auto; else this machine.", metavar="ADDRESS")
]
