"""Neo4j Browser in a real Chromium, worked as a person does: the guide's pages, its run signs, a dropped file."""

from __future__ import annotations

import base64
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

SECONDS = 60

PASTE = """
const transfer = new DataTransfer();
transfer.setData('text/plain', arguments[1]);
arguments[0].dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true}));
"""

DROP = """
const bytes = Uint8Array.from(atob(arguments[1]), letter => letter.charCodeAt(0));
const transfer = new DataTransfer();
transfer.items.add(new File([bytes], arguments[0]));
const target = document.querySelector('[data-testid=main]');
for (const kind of ['dragenter', 'dragover', 'drop'])
  target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
"""


class Browser:
    """Neo4j Browser in a headless Chromium."""

    def __init__(self, chromium: str, chromedriver: str, width: int = 1500, height: int = 950) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.add_argument(f"--window-size={width},{height}")
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))

    def connect(self, address: str, bolt: str, username: str, password: str) -> None:
        """Open the page and log in."""
        self.driver.get(address)
        field = self.find("[data-testid=boltaddress]")
        scheme, _, host = bolt.partition("://")
        for select in self.driver.find_elements(By.TAG_NAME, "select"):
            if f"{scheme}://" in [option.text for option in select.find_elements(By.TAG_NAME, "option")]:
                Select(select).select_by_visible_text(f"{scheme}://")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(host)
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

    def page_of_guide(self) -> str:
        """Give the title of the page that the guide shows."""
        return self.find("[data-testid=guidesDrawer] h3").text

    def next_page(self) -> bool:
        """Turn the guide's page; tell whether there was a next one."""
        found = [e for e in self.driver.find_elements(By.TAG_NAME, "button") if e.text.strip() == "Next"]
        if not found:
            return False
        before = self.page_of_guide()
        self.driver.execute_script("arguments[0].click()", found[0])
        self.wait(lambda: self.page_of_guide() != before, "turn the page")
        return True

    def click_link(self, words: str) -> None:
        """Click a command of the guide by its words."""
        links = self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=guidesDrawer] [data-exec]")
        next(link for link in links if words in link.text).click()
        time.sleep(1)

    def statements(self) -> list[str]:
        """Give the names of the statements on the guide's page: their first line."""
        return [e.text.strip().splitlines()[0].removeprefix("// ") for e in self._runnable()]

    def run_from_guide(self, place: int) -> str:
        """Press the run sign of a statement on the page, wait for its answer, and say what kind it is.

        Returns:
            `graph`, `table`, or `nothing` where there were no rows.
        """
        self.run(":clear")
        self.wait(lambda: not self._frames(), "clear the frames")
        sign = self._runnable()[place].find_element(By.CSS_SELECTOR, ".fa-play-circle-o")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", sign)
        return self.answer()

    def answer(self) -> str:
        """Wait for the newest frame's answer and say what kind it is."""
        self.wait(lambda: bool(self._answered()), "answer")
        return self._answered()

    def drop(self, file: Path) -> None:
        """Drop a file on the window."""
        self.driver.execute_script(DROP, file.name, base64.b64encode(file.read_bytes()).decode())
        time.sleep(2)

    def open_favourites(self, folder: str) -> list[str]:
        """Open the drawer of favourites and a folder of it; give the texts that it shows."""
        self.find("[data-testid=navigationFavorites]").click()
        self.wait(lambda: folder in self.text(), "show the favourites")
        found = self.driver.find_elements(By.XPATH, f"//*[contains(., '{folder}')]")
        self.driver.execute_script("arguments[0].click()", found[-1])
        time.sleep(1)
        return self.text().splitlines()

    def picture(self, file: Path, rest: float = 5, *, whole: bool = True) -> None:
        """Take a picture once the graph has come to rest: of the whole window, or of the newest answer alone."""
        if not whole:
            self._full_screen("Fullscreen")
        time.sleep(rest)
        image = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        few = image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)  # so that it stays small
        few.save(file, optimize=True)
        if not whole:
            self._full_screen("Close fullscreen")
        sys.stdout.write(f"{file} {file.stat().st_size // 1000} kB\n")

    def _full_screen(self, title: str) -> None:
        button = self.find(f"[data-testid=frame] button[title='{title}'], button[title='{title}']")
        self.driver.execute_script("arguments[0].click()", button)
        time.sleep(1)
        for fit in self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=frame] button[aria-label='zoom-to-fit']"):
            self.driver.execute_script("arguments[0].click()", fit)

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

    def _runnable(self) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=guidesDrawer] pre.runnable")

    def _frames(self) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, "[data-testid=frame]")

    def _answered(self) -> str:
        """Give the kind of the newest frame's answer, or an empty text while it is not there; stop at an error."""
        frames = self._frames()
        if not frames:
            return ""
        frame, text = frames[0], frames[0].text
        if "ERROR" in text or "Neo.ClientError" in text:
            raise SystemExit(f"Browser says: {text[:500]}")
        if frame.find_elements(By.CSS_SELECTOR, "svg g.node, svg .node"):
            return "graph"
        if "(no changes, no records)" in text:
            return "nothing"
        return "table" if frame.find_elements(By.CSS_SELECTOR, "table, [role=table]") else ""
