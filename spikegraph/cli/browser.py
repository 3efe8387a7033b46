"""`spikegraph browser`, `picture`: Neo4j Browser with a guide of one's own data, and pictures that need no database."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Item, Name, User
from spikegraph.cli.tables import show_pairs
from spikegraph.logs import get_logger

if TYPE_CHECKING:
    from spikegraph.browser.files import Prepared
    from spikegraph.browser.serving import Serving

PASSWORD = "spikegraph server password"  # noqa: S105  (the command that shows it)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(browser)
    command(app)(picture)


def browser(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="A data set to be guided through; none only opens it.")] = None,
    user: Annotated[str | None, typer.Option(help="Whom to walk along with; none chooses one.")] = None,
    item: Annotated[str | None, typer.Option(help="What to look at; none chooses one of the user's list.")] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open Neo4j Browser in a window.")] = True,
    serves: Annotated[
        bool | None,
        typer.Option("--serve/--no-serve", help="Serve the guide until Ctrl-C; as --open says where neither is given."),
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Where to serve it, on this machine only.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder of guide, style and favourites.", metavar="DIR")] = None,
    address: Annotated[str | None, typer.Option("--browser", help="Browser's address, if not the usual one.")] = None,
) -> Answer:
    """Open Neo4j Browser with a guide through a data set, its style and its favourites."""
    from spikegraph.browser.files import browser_address, opening_address
    from spikegraph.browser.serving import NAME, PORT, serving

    where, files = address or browser_address(session.settings), dict[str, str]()
    with ExitStack() as stack:
        served = None
        if name and (opens if serves is None else serves):
            served = stack.enter_context(serving(files, where, port))
        base = served.address if served else f"http://{NAME}:{port or PORT}"
        made = None
        if name:
            folder = to or session.settings.home / "browser"
            made = api.browser_files(session.settings, name, folder, address=base, user=user, item=item)
            files |= {file.name: file.read_text(encoding="utf-8") for file in (made.guide, made.style)}
        opening = opening_address(where, served.url(made.guide.name) if made and served else None)
        document = _document(session, opening, made, served)
        kept = stack.pop_all()
        return Answer(
            document,
            lambda console: _show(console, document),
            lambda: _open_and_serve(opening if opens else None, served, kept),
        )


def _document(session: Session, opening: str, made: Prepared | None, served: Serving | None) -> dict[str, Any]:
    local = session.settings.neo4j.uri is None
    access = {
        "browser": opening,
        "user": session.settings.neo4j.username,
        "password": PASSWORD if local else "the one of that server",
    }
    return access | (_guided(made, served) if made else {})


def _guided(made: Prepared, served: Serving | None) -> dict[str, Any]:
    """Tell of the files that were made for a data set."""
    name, url = made.contents.dataset.name, served.url(made.guide.name) if served else None
    return {
        "walks along with": {"user": made.contents.user.key, "item": made.contents.item.key},
        "guide": url,
        "files": {what: str(getattr(made, what)) for what in ("guide", "style", "favourites")},
        "load": {
            "guide": f":guide {url}" if url else f"spikegraph browser {name} --serve",
            "style": "drop the file on Browser's window, or follow the guide's first page",
            "favourites": "drop the file on Browser's window, then click the star on the left",
        },
    }


def _show(console: Console, document: dict[str, Any]) -> None:
    show_pairs(console, "Neo4j Browser", {name: document[name] for name in ("browser", "user", "password")})
    if "files" in document:
        show_pairs(console, "walks along with", document["walks along with"])
        show_pairs(console, "files", document["files"])
        show_pairs(console, "how to load them", document["load"])
    if document.get("guide"):
        console.print("the guide is served until Ctrl-C; a page that is open keeps it", highlight=False)


def _open_and_serve(opening: str | None, served: Serving | None, kept: ExitStack) -> None:
    """Open the window, then serve for as long as the person wants."""
    import webbrowser

    with kept:
        if opening and not webbrowser.open(opening):
            get_logger(__name__).warning("no window could be opened: open the address above yourself")
        if served:
            with suppress(KeyboardInterrupt):
                served.wait()


def picture(
    session: Session,
    name: Name,
    user: User,
    item: Item,
    to: Annotated[Path, typer.Option(help="The HTML file to write.", metavar="FILE.html")] = Path("why.html"),
) -> Answer:
    """Draw why an item suits a user: one HTML file that opens offline (extra pictures)."""
    drawn = api.picture(session.settings, name, user, item, to)
    document = asdict(drawn) | {"file": str(drawn.file)}
    return Answer.line(f"{drawn.file}: {drawn.nodes} nodes, {drawn.relationships} relationships", document)
