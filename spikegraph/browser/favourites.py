"""The library as favourites of Neo4j Browser: a zip archive with one file for each statement, one folder a question."""

from __future__ import annotations

import io
import zipfile

from spikegraph.browser.contents import Contents, Ready

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time that every file of the archive carries, so that equal contents give equal bytes."""


def favourites(contents: Contents) -> bytes:
    """Write the archive that Browser takes when it is dropped on its window: equal for equal contents."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for question, statements in contents.questions.items():
            for statement in statements:
                name = f"{contents.dataset.name}: {question}/{statement.name.replace('/', '_')}.cypher"
                files.writestr(zipfile.ZipInfo(name, EPOCH), favourite(statement))
    return archive.getvalue()


def favourite(statement: Ready) -> str:
    """Give a favourite's text; Browser shows the first comment as its name."""
    return f"// {statement.summary}\n{statement.text}\n"
