from __future__ import annotations

from collections.abc import Iterator

import pytest

from spikegraph import errors
from spikegraph.errors import SpikeGraphError


def every_class(base: type[SpikeGraphError]) -> Iterator[type[SpikeGraphError]]:
    yield base
    for below in base.__subclasses__():
        yield from every_class(below)


def test_each_kind_has_an_exit_code_of_its_own() -> None:
    codes = {kind.kind: kind.exit_code for kind in every_class(SpikeGraphError)}
    assert codes == {"internal": 1, "usage": 2, "data": 3, "database": 4, "provider": 5, "limit": 6}


def test_an_error_says_what_where_and_what_to_do() -> None:
    error = errors.DataError("the item 7 is unknown", where="train.txt:3", hint="add it to items.csv")
    assert str(error) == "train.txt:3: the item 7 is unknown\nadd it to items.csv"
    assert error.as_dict() == {
        "kind": "data",
        "message": "the item 7 is unknown",
        "where": "train.txt:3",
        "hint": "add it to items.csv",
    }


@pytest.mark.parametrize("extra", ["minilm"])
def test_a_missing_extra_gives_the_exact_install_line(extra: str) -> None:
    error = errors.MissingExtraError("sentence-transformers", extra)
    assert error.hint == f".venv/bin/pip install --constraint constraints.txt --editable '.[{extra}]'"
    assert error.exit_code == 2
