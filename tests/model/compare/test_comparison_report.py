"""The report: one page without script or net, every label escaped, the tables beside it whole."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.compare.comparison import Comparison, compare
from model.compare.palette import DARK, LIGHT, SERIES
from model.compare.plots import learning_curves, score_bars
from model.compare.report import write_report
from model.compare.tables import pair_table, score_table
from tests.support.runs import small_runs

EVIL = '<script>alert(1)</script> & "x" | $y_1$ url(#z)'
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("report")
    small_runs(folder, final=False)
    return compare([folder / "runs"], labels={folder / "runs" / "lightgcn-0": EVIL}, draws=200)


@pytest.fixture(scope="module")
def folder(found: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "new" / "one"
    write_report(found, folder, f"spikegraph compare runs --label 'a={EVIL}'")
    return folder


class Page(HTMLParser):
    """Collects tags, addresses and ids."""

    EMPTY = ("meta", "path", "use", "rect", "line", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name in ("src", "href", "xlink:href", "action", "data"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_the_page_asks_nothing_of_the_net_and_runs_nothing(page: Page, folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert page.addresses
    assert all(address.startswith("#") for address in page.addresses)
    assert set(page.addresses) <= {f"#{name}" for name in page.ids}
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_ids_are_unique_and_every_plot_is_there(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    # Bars and differences of two metrics, learning curves, two by users, two by items.
    assert page.tags.count("svg") == 9
    assert page.tags.count("title") == 1 + 9


def test_labels_are_shown_as_they_are_written(page: Page) -> None:
    assert sum(text.strip() == EVIL for text in page.text) >= 4
    assert "alert" not in [tag for tag in page.tags if tag == "script"]


def test_colours_are_the_pages_and_readable_on_both_grounds(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not any(stand_in in text for stand_in in SERIES)
    assert "prefers-color-scheme: dark" in text
    for colours, ground in ((LIGHT, "#ffffff"), (DARK, "#15181c")):
        assert len(set(colours)) == len(SERIES)
        assert all(contrast(colour, ground) >= 4.5 for colour in colours), ground


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_same_comparison_is_drawn_the_same(found: Comparison) -> None:
    assert score_bars(found, "recall@20") == score_bars(found, "recall@20")


def test_learning_curves_need_no_reading_and_no_loss_of_one(found: Comparison) -> None:
    labels = [group.label for group in found.groups]
    assert "<svg" in learning_curves(found.curves, labels)
    assert "<svg" in learning_curves([], labels)


def test_the_markdown_holds_what_every_number_belongs_to(found: Comparison, folder: Path) -> None:
    text = (folder / "results.md").read_text(encoding="utf-8")
    for fact in ("data set random", "split seed-0", "protocol honest", "part valid", "spikegraph compare runs"):
        assert fact in text
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 8
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert "<script>" not in "".join(line for line in text.splitlines() if not line.startswith("    "))
    assert f"{found.scores[0].mean:.4f}" in text


def test_the_csv_is_whole(found: Comparison, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(found.scores) == 6
    assert {row["group"] for row in rows} == {group.label for group in found.groups}
    assert float(rows[0]["mean"]) == found.scores[0].mean
    assert rows[0]["split_id"] == "seed-0"


def test_tables_say_which_spread_is_which(found: Comparison) -> None:
    assert "between seeds" in score_table(found).about
    assert "speak of users, not of seeds" in pair_table(found).about
    for table in (score_table(found), pair_table(found)):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_report_replaces_the_one_before_and_nothing_else(found: Comparison, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    write_report(found, tmp_path, "one")
    write_report(found, tmp_path, "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "report.html", "results.csv", "results.md"]
    assert "<pre>two</pre>" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_it_opens_in_a_browser_without_the_net(folder: Path, tmp_path: Path) -> None:
    command = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", (folder / "report.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert "lightgcn" not in done.stdout.split("<h1>")[0]
    assert done.stdout.count("<svg") == 9
    assert "alert(1)&lt;/script&gt;" in done.stdout
    assert "Content Security Policy" not in done.stderr
