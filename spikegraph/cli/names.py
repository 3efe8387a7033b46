"""Arguments and options that the commands about profiles share."""

from __future__ import annotations

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="The data set's name in the graph.", metavar="NAME")]
Embedding = Annotated[str, typer.Option(help="Text vectors to make: lsa, minilm, PROVIDER:MODEL or none.")]
