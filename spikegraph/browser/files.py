"""The files for Neo4j Browser, in a folder of the home: a guide, a style and favourites for one data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from cypher.store import Store
from spikegraph import server
from spikegraph.browser.contents import Contents, contents
from spikegraph.browser.favourites import favourites
from spikegraph.browser.guide import guide
from spikegraph.browser.style import grass
from spikegraph.files import replace_text
from spikegraph.settings import Settings

BROWSER_PORT = 7474
"""Where a Neo4j serves Browser unless it was told otherwise."""


@dataclass(frozen=True)
class Prepared:
    """What was made for Browser.

    Attributes:
        contents: what the files were made of.
        guide: the file of the guide.
        style: the file of the style.
        favourites: the archive of the favourites.
    """

    contents: Contents
    guide: Path
    style: Path
    favourites: Path


def prepare(store: Store, folder: Path, name: str, address: str, user: str | None, item: str | None) -> Prepared:
    """Write guide, style and favourites of a data set into a folder.

    Args:
        store: where the graph is.
        folder: where to write; it is made where it is not there.
        name: the data set's name.
        address: where the files will be served.
        user: whom to walk along with (see `contents`).
        item: what to look at.
    """
    found = contents(store, name, user, item)
    folder.mkdir(parents=True, exist_ok=True)
    made = Prepared(found, folder / f"{name}.html", folder / f"{name}.grass", folder / f"{name}.zip")
    replace_text(made.guide, guide(found, f"{address}/{made.style.name}"))
    replace_text(made.style, grass(found.style))
    made.favourites.write_bytes(favourites(found))
    return made


def browser_address(settings: Settings) -> str:
    """Give the address of the Browser that belongs to the graph: the local server's, or the usual one of its host."""
    if settings.neo4j.uri is None:
        running = server.status(settings.server).browser_url
        return running or f"http://127.0.0.1:{BROWSER_PORT}/browser/"
    return f"http://{urlsplit(settings.neo4j.uri).hostname}:{BROWSER_PORT}/browser/"


def opening_address(browser: str, guide_url: str | None) -> str:
    """Give the address that opens Browser, with the guide beside it where there is one."""
    return f"{browser}?cmd=guide&arg={quote(guide_url, safe=':/')}" if guide_url else browser
