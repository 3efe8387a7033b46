from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from llm_profiles.contract import Kind
from llm_profiles.writers.imported import checked, read_profiles
from spikegraph.errors import DataError

KEYS: dict[Kind, list[str]] = {
    "item": ["fm/artist/1", "fm/artist/2"],
    "entity": ["fm/tag/1"],
    "user": ["fm/user/1"],
}


def lines(*rows: object) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def test_a_file_gives_profiles_by_full_key(tmp_path: Path) -> None:
    file = tmp_path / "profiles.jsonl"
    file.write_bytes(
        lines(
            {"key": "artist/1", "profile": " A  band.\n", "model": "deep"},
            {"key": "fm/user/1", "profile": "Likes bands."},
        )
    )
    profiles = checked(read_profiles(file), "fm", KEYS, None, str(file))
    assert [(p.key, p.kind, p.text, p.writer, p.model, p.is_llm) for p in profiles] == [
        ("fm/artist/1", "item", "A band.", "import", "deep", True),
        ("fm/user/1", "user", "Likes bands.", "import", None, False),
    ]
    assert checked(read_profiles(file), "fm", KEYS, "other", "x")[1].model == "other"


def test_byte_order_mark_crlf_and_blank_lines_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "profiles.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"key": "tag/1", "profile": "Rock."}\r\n\r\n')
    frame = read_profiles(file)
    assert frame["key"].tolist() == ["tag/1"]
    assert frame.index.tolist() == [1]


@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        (lines({"key": "artist/1", "profile": "x"}) + b"{oops\n", ":2", "not JSON"),
        (lines(["a", "b"]), ":1", "must be an object"),
        (lines({"key": "artist/1"}), ":1", "must be an object"),
        (lines({"key": "artist/1", "profile": "x", "text": "y"}), ":1", "unknown field 'text'"),
        (b"\n" + lines({"key": "artist/9", "profile": "x"}), ":2", "no node 'artist/9'"),
        (lines({"key": 1, "profile": "x"}), ":1", "no node 1"),
        (lines({"key": "artist/1", "profile": " \n"}), ":1", "is empty"),
        (lines({"key": "artist/1", "profile": None}), ":1", "is empty"),
        (lines({"key": "artist/1", "profile": "x"}, {"key": "fm/artist/1", "profile": "y"}), ":2", "second profile"),
        (lines({"key": "artist/1", "profile": "x", "model": 4}), ":1", "model must be a text"),
        (b"", "", "is empty"),
        ("{}".encode("utf-16"), "", "not UTF-8"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line(tmp_path: Path, content: bytes, where: str, reason: str) -> None:
    file = tmp_path / "profiles.jsonl"
    file.write_bytes(content)
    with pytest.raises(DataError, match=reason) as caught:
        checked(read_profiles(file), "fm", KEYS, None, str(file))
    assert caught.value.where == f"{file}{where}"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_profiles(tmp_path / "none.jsonl")


def test_a_frame_without_models_is_taken() -> None:
    frame = pd.DataFrame({"key": ["tag/1"], "profile": ["Rock."]}, index=[1])
    assert checked(frame, "fm", KEYS, None, "profiles")[0].model is None
    with pytest.raises(DataError, match="holds no profiles"):
        checked(frame.iloc[:0], "fm", KEYS, None, "profiles")
