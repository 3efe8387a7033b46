"""What was asked in batch files that were handed out, looked up again when their answers come back."""

from __future__ import annotations

import json
from pathlib import Path


class Prompts:
    """Finds the messages of requests; only where each line begins is kept in memory."""

    def __init__(self, folder: Path | None) -> None:
        """Look into a folder of batch files, or nowhere."""
        self._folder = folder
        self._places: dict[str, dict[str, int]] = {}

    def of(self, batch: str, custom_id: str) -> str:
        """Give the messages of a request; empty where its file is not there.

        Args:
            batch: name of the file, without its ending.
            custom_id: of the request.
        """
        path = self._folder / f"{batch}.jsonl" if self._folder and batch else None
        if path is None or not path.is_file():
            return ""
        if batch not in self._places:
            self._places[batch] = _places(path)
        place = self._places[batch].get(custom_id)
        return "" if place is None else _messages(path, place)


def _places(path: Path) -> dict[str, int]:
    places, place = {}, 0
    with path.open("rb") as handle:
        for line in handle:
            places[str(json.loads(line)["custom_id"])] = place
            place += len(line)
    return places


def _messages(path: Path, place: int) -> str:
    with path.open("rb") as handle:
        handle.seek(place)
        body = json.loads(handle.readline())["body"]
    return "\n\n".join(str(message["content"]) for message in body["messages"])
