"""Neo4j Browser and pictures of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spikegraph.api.connection import connect
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from spikegraph.browser.files import Prepared
    from spikegraph.browser.picture import Picture


def browser_files(
    settings: Settings,
    name: str,
    folder: Path,
    *,
    address: str,
    user: str | None = None,
    item: str | None = None,
) -> Prepared:
    """Write a guide, a style and favourites of a data set for Neo4j Browser.

    Args:
        settings: where the graph is.
        name: the data set's name.
        folder: where to write.
        address: where the files will be served (`http://localhost:7600`).
        user: whom to walk along with; None chooses one.
        item: what to look at; None chooses one of that user's list.
    """
    from spikegraph.browser.files import prepare

    with connect(settings) as store:
        return prepare(store, folder, name, address, user, item)


def picture(settings: Settings, name: str, user: str, item: str, file: Path) -> Picture:
    """Draw why an item suits a user as one HTML file that opens offline.

    Raises:
        MissingExtraError: the extra `pictures` is not installed.
    """
    from spikegraph.browser.picture import draw_why

    with connect(settings) as store:
        return draw_why(store, name, user, item, file)
