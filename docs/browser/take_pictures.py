"""Drive a real Chromium at Neo4j Browser: connect, paste statements of the library, take pictures.

    python docs/browser/take_pictures.py --browser URL --bolt URI --password-file FILE [--to docs/browser]

`spikegraph server status` tells both addresses. Needs Chromium with its driver and `pip install selenium`, in an
environment of their own. It leaves with an error where a pasted file does not run as it stands.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

LIBRARY = Path(__file__).resolve().parents[2] / "cypher"

GRAPHS = ("explore/list_of", "explore/why", "explore/item_world")
"""Statements that give nodes and relationships, so Browser draws them."""

TABLES = ("recommend/with_reasons", "recommend/explain", "explore/user_taste", "explore/overview")
"""Statements whose answer is a table."""

PASTE = """
const transfer = new DataTransfer();
transfer.setData('text/plain', arguments[1]);
arguments[0].dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true}));
"""

SECONDS = 40


class Browser:
    """Neo4j Browser in a headless Chromium."""

    def __init__(self, chromium: str, chromedriver: str, width: int = 1500, height: int = 900) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.add_argument(f"--window-size={width},{height}")
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))

    def connect(self, browser: str, bolt: str, username: str, password: str) -> None:
        """Open the page and log in."""
        self.driver.get(browser)
        address = self.find("[data-testid=boltaddress]")
        scheme, _, host = bolt.partition("://")
        for select in self.driver.find_elements(By.TAG_NAME, "select"):
            offered = [option.text for option in select.find_elements(By.TAG_NAME, "option")]
            if f"{scheme}://" in offered:
                Select(select).select_by_visible_text(f"{scheme}://")
        address.send_keys(Keys.CONTROL, "a")
        address.send_keys(host)
        self.find("[data-testid=username]").send_keys(username)
        self.find("[data-testid=password]").send_keys(password)
        self.find("[data-testid=connect]").click()
        self.wait(lambda: "You are connected" in self.text(), "log in")
        self.run(":clear")

    def run(self, text: str) -> None:
        """Paste a text into the editor as a person would, and press the play button."""
        area = self.find("#monaco-main-editor textarea, [data-testid=activeEditor] textarea, .monaco-editor textarea")
        self.driver.execute_script("arguments[0].focus()", area)
        area.send_keys(Keys.CONTROL, "a")
        area.send_keys(Keys.DELETE)
        self.driver.execute_script(PASTE, area, text)
        self.find("[data-testid=editor-Run]").click()

    def paste_file(self, name: str) -> None:
        """Paste a file of the library as it stands and see that each of its commands succeeds."""
        text = (LIBRARY / f"{name}.cypher").read_text(encoding="utf-8")
        expected = text.count("\n:param ") + 1
        self.run(":clear")
        self.run(text)
        if expected == 1:
            self.wait_for_result(name)
            return
        self.wait(lambda: self.statuses(expected) is not None, f"run {name}")
        if self.statuses(expected) != "ok":
            raise SystemExit(f"{name}: Browser says {self.text()[:500]}")

    def statuses(self, expected: int) -> str | None:
        """Tell how the commands of the newest frame ended: ok, failed, or None while some still run."""
        icons = self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=multi-statement-list-icon]")
        states = [str(icon.get_attribute("title")) for icon in icons]
        if any("error" in state for state in states):
            return "failed"
        return "ok" if len(states) == expected and set(states) == {"Status: success"} else None

    def open_result(self, name: str) -> None:
        """Run the statement alone, with the parameters that the pasted lines have set, so that its answer shows."""
        lines = (LIBRARY / f"{name}.cypher").read_text(encoding="utf-8").splitlines()
        statement = "\n".join(line for line in lines if not line.startswith(("//", ":param")))
        self.run(":clear")
        self.run(statement.strip())
        self.wait_for_result(name)

    def wait_for_result(self, name: str) -> None:
        """Wait for a graph or a table."""
        self.wait(
            lambda: bool(
                self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=frame] svg g.node, [role=table], table")
            ),
            f"show {name}",
        )

    def picture(self, file: Path) -> None:
        """Take a picture once the graph has come to rest."""
        time.sleep(4)
        self.driver.save_screenshot(str(file))
        sys.stdout.write(f"{file}\n")

    def find(self, selector: str) -> WebElement:
        """Wait for an element."""
        found: list[WebElement] = []
        self.wait(lambda: bool(found.extend(self.driver.find_elements(By.CSS_SELECTOR, selector)) or found), selector)
        return found[0]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds."""
        try:
            WebDriverWait(self.driver, SECONDS).until(lambda _: condition())
        except WebDriverException as error:
            self.driver.save_screenshot("browser-failed.png")
            raise SystemExit(f"Browser did not {what} in {SECONDS} s (picture: browser-failed.png)") from error

    def text(self) -> str:
        """Give the text of the page."""
        return self.find("body").text


def main() -> None:
    """Take the pictures of the docs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", default="http://127.0.0.1:7474/browser/")
    parser.add_argument("--bolt", default="bolt://127.0.0.1:7687")
    parser.add_argument("--username", default="neo4j")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--to", type=Path, default=Path(__file__).parent)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--chromedriver", default="/usr/bin/chromedriver")
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    browser = Browser(given.chromium, given.chromedriver)
    try:
        browser.connect(given.browser, given.bolt, given.username, given.password_file.read_text().strip())
        browser.paste_file(GRAPHS[0])
        browser.picture(given.to / "pasted.png")
        for name in (*GRAPHS, *TABLES):
            browser.paste_file(name)
            browser.open_result(name)
            browser.picture(given.to / f"{name.partition('/')[2]}.png")
    finally:
        browser.driver.quit()


if __name__ == "__main__":
    main()
