"""The benchmarks can be listed and judge their rows; what they measure is never a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.result import Row, at_least, at_most, less_is_better, more_is_better, within

ROOT = Path(__file__).resolve().parents[2]


def test_the_names_are_listed() -> None:
    command = [sys.executable, "-m", "benchmarks", "--list", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert names == sorted(set(names))
    assert {"demo", "export", "ingest", "lastfm", "prefetch", "profile-calls"} <= set(names)


@pytest.mark.parametrize(
    ("row", "ratio", "holds"),
    [
        (more_is_better("rows/s", 8.0, 10.0, 0.8), 0.8, True),
        (more_is_better("rows/s", 7.0, 10.0, 0.8), 0.7, False),
        (less_is_better("seconds", 2.0, 12.0, 6.0), 6.0, True),
        (less_is_better("seconds", 3.0, 12.0, 6.0), 4.0, False),
        (at_most("seconds", 150.0, 150.0), 1.0, True),
        (at_most("seconds", 151.0, 150.0), pytest.approx(0.9934, abs=1e-4), False),
        (at_least("recall@20", 0.34, 0.34), None, True),
        (at_least("recall@20", 0.339, 0.34), None, False),
        (within("recall@20", 0.126, 0.122, 0.126), None, True),
        (within("recall@20", 0.127, 0.122, 0.126), None, False),
    ],
)
def test_a_row_says_whether_it_holds(row: Row, ratio: float | None, holds: bool) -> None:
    assert row.ratio == ratio
    assert row.holds is holds
