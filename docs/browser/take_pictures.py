"""Walk through the guide of a data set in a real Neo4j Browser, run every statement of it, and take the docs' pictures.

    python docs/browser/take_pictures.py demo --user user/101 --item Alien --script docs/first-ten-minutes.md

Needs a running server with the data set (`make demo`), Chromium with its driver, and `pip install selenium pillow` in
an environment of their own. It leaves with an error at the first statement that does not answer as it ought to.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import Browser

GRAPHS = {
    "explore/data_set/glimpse": "glimpse.png",
    "explore/item/world": "item_world.png",
    "explore/user/list": "list_of.png",
    "explore/user/taste_drawn": "taste_drawn.png",
    "explore/user/why": "why.png",
    "explore/communities/similar_items": "similar_items.png",
    "explore/runs/lists_drawn": "two_runs.png",
}
"""Statements that Browser has to draw, and the file of each picture."""

TABLES = {"explore/user/taste": "user_taste.png", "explore/sanity/checks": "checks.png"}
"""Statements whose table is shown in the docs."""

BESIDE_THE_GUIDE = ("glimpse.png", "user_taste.png", "checks.png")
"""Pictures of the whole window; the others show the answer on full screen."""


@contextmanager
def guide(program: str, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Let the program write and serve the guide, and give what it says about it."""
    words = [program, "browser", given.dataset, "--user", given.user, "--item", given.item]
    words += ["--no-open", "--serve", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if line.rstrip() == "}":
                    break
            yield json.loads(said)
        finally:
            process.terminate()


def ask(program: str, *words: str) -> dict[str, Any]:
    """Give what a command says as JSON."""
    done = subprocess.run([program, *words, "--json"], capture_output=True, text=True, check=True)  # noqa: S603
    return dict(json.loads(done.stdout))


def walk(browser: Browser, to: Path, *, quick: bool) -> tuple[list[str], dict[str, str]]:
    """Run the statements of every page, or only those with a picture.

    Returns:
        the titles of the pages, and by statement the kind of its answer.
    """
    pictures, answers, pages = {**GRAPHS, **TABLES}, dict[str, str](), [browser.page_of_guide()]
    while browser.next_page():
        pages.append(browser.page_of_guide())
        sys.stdout.write(f"page: {pages[-1]}\n")
        for place, name in enumerate(browser.statements()):
            if quick and name not in pictures:
                continue
            answers[name] = browser.run_from_guide(place)
            sys.stdout.write(f"  {name}: {answers[name]}\n")
            if name in pictures:
                browser.picture(to / pictures[name], whole=pictures[name] in BESIDE_THE_GUIDE)
            sys.stdout.flush()
    return pages, answers


def untrue(script: Path, pages: list[str], answers: dict[str, str]) -> list[str]:
    """Give what a script says of the guide that is not so: pages out of order, statements that gave nothing."""
    text = " ".join(script.read_text(encoding="utf-8").split())
    places = [text.find(f"**{page}**") for page in pages]
    wrong = [f"the script has no page '{page}'" for page, place in zip(pages, places, strict=True) if place < 0]
    if places != sorted(places):
        wrong.append("the pages of the guide come in another order")
    named = re.findall(r"`((?:explore|recommend)/[a-z_/]+)`", text)
    return wrong + [f"{name} gave nothing" for name in named if answers.get(name) not in ("graph", "table")]


def main() -> None:
    """Take the pictures of the docs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--user", required=True)
    parser.add_argument("--item", required=True)
    parser.add_argument("--to", type=Path, default=Path(__file__).parent)
    parser.add_argument("--script", type=Path, help="a page whose steps are compared with what was seen")
    parser.add_argument("--quick", action="store_true", help="only the statements that have a picture")
    parser.add_argument("--spikegraph", default=".venv/bin/spikegraph")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--chromedriver", default="/usr/bin/chromedriver")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    server, secret = ask(given.spikegraph, "server", "status"), ask(given.spikegraph, "server", "password")
    browser = Browser(given.chromium, given.chromedriver)
    try:
        with guide(given.spikegraph, given) as document:
            browser.connect(document["browser"], server["bolt_uri"], document["user"], secret["password"])
            browser.picture(given.to / "guide.png", rest=1)
            browser.click_link("load the style")
            browser.click_link("do not connect result nodes")
            pages, answers = walk(browser, given.to, quick=given.quick)
            browser.drop(Path(document["files"]["favourites"]))
            browser.open_favourites(f"{given.dataset}: What does this user")
            browser.picture(given.to / "favourites.png", rest=2)
    finally:
        browser.driver.quit()
    wrong = [f"{name} was not drawn" for name in GRAPHS if answers.get(name) != "graph"]
    if given.script:
        wrong += untrue(given.script, pages, answers)
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
