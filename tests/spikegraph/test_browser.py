"""Neo4j Browser: a guide, a style and favourites of a handmade data set, how they are served, and the picture."""

from __future__ import annotations

import html
import io
import re
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from cypher.store import Store
from export.write_back import write_back
from spikegraph.browser.contents import Contents, contents
from spikegraph.browser.favourites import favourites
from spikegraph.browser.files import browser_address, opening_address
from spikegraph.browser.guide import guide
from spikegraph.browser.picture import draw_why
from spikegraph.browser.serving import Serving, serving
from spikegraph.browser.style import ITEM, USER, grass, style_of
from spikegraph.errors import MissingExtraError, NotFoundError, UsageError
from spikegraph.library import QUESTIONS
from spikegraph.settings import load_settings
from tests.spikegraph.conftest import CommandLine
from tests.support.film_graph import build, results_of

HANDLERS = re.compile(r"""(\s+(on[^\s=]+)[^\s=]*\s*=\s*("[^"]*"|'[^']*'|[\w\-.:]+\s*))""", re.IGNORECASE)
"""What Neo4j Browser 5.24 cuts out of a guide before it shows it."""

BROWSER = "http://127.0.0.1:7474/browser/"


@pytest.fixture(scope="module")
def films(store: Store) -> Contents:
    """Give what Browser is told of the handmade films, with two runs."""
    name = "t-browser-films"
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (n {dataset: $name}) DETACH DELETE n", name=name).consume()
        session.run("MATCH (n:Dataset {name: $name}) DETACH DELETE n", name=name).consume()
    snapshot = build(store, name)
    write_back(store, snapshot, results_of(f"{name}/before", {"ann": ("Zeta",)}, vectors=False))
    write_back(store, snapshot, results_of(f"{name}/run", vectors=False))
    return contents(store, name, "ann", "Gamma")


def statements_of(page: str) -> list[str]:
    """Give the statements that a click on a guide runs, after Browser has cleaned it."""
    found = re.findall(r'<pre class="[^"]*runnable"[^>]*>(.*?)</pre>', HANDLERS.sub("", page), re.DOTALL)
    return [html.unescape(text) for text in found]


def rules_of(text: str) -> dict[str, dict[str, str]]:
    """Read a style as Browser does, which splits at braces, semicolons and colons."""
    rules = re.findall(r"([^{}]+?)\s*\{\n(.*?)\n\}", text, re.DOTALL)
    return {
        selector.strip(): {
            name.strip(): value.strip()
            for line in body.split(";")
            if line.count(":") == 1
            for name, value in [line.split(":")]
        }
        for selector, body in rules
    }


def test_every_statement_of_the_guide_stands_there_as_in_the_library(films: Contents) -> None:
    statements = statements_of(guide(films, "http://localhost:7600/films.grass"))
    ready = {f"// {one.name}\n{one.text}" for group in films.questions.values() for one in group}
    assert len(statements) > 30
    assert set(statements) <= ready, "what Browser leaves of a statement is all of it"
    assert not [text for text in statements if re.search(r"\$\w", text)]
    assert f"'{films.user.key}'" in "".join(statements)


def test_the_first_statement_of_every_page_runs_as_it_stands(store: Store, films: Contents) -> None:
    pages = guide(films, "http://localhost:7600/films.grass").split("<slide")
    first = [statements_of(page)[0] for page in pages if "runnable" in page]
    assert len(first) == len(QUESTIONS)
    with store.driver.session(database=store.database, default_access_mode="READ") as session:
        for text in first:
            session.run(text).consume()


def test_the_guide_has_a_page_for_each_question_and_says_whom_it_walks_along_with(films: Contents) -> None:
    page = guide(films, "http://localhost:7600/films.grass")
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert sorted(titles[1:-1]) == sorted(html.escape(question) for question in QUESTIONS.values())
    assert page.count("<slide") == len(QUESTIONS) + 2
    assert 'data-exec="style http://localhost:7600/films.grass"' in page
    assert "<b>ann</b>" in page
    assert "<b>Gamma</b>" in page
    first = statements_of(page)[0]
    assert first.startswith("// explore/data_set/glimpse\n"), "the picture comes before the tables"


def test_whom_to_walk_along_with_is_chosen_where_nobody_is_named(store: Store, films: Contents) -> None:
    chosen = contents(store, films.dataset.name)
    assert (chosen.user.name, chosen.item.name) == ("ann", "Gamma"), "Gamma is similar to what ann has"
    assert contents(store, films.dataset.name, "bob").item.name == "Beta", "the first of bob's list"
    with pytest.raises(NotFoundError):
        contents(store, films.dataset.name, "nobody")


def test_names_of_the_data_cannot_break_out_of_the_guide(store: Store, films: Contents) -> None:
    key = f"{films.dataset.name}/film/zeta"
    with store.driver.session(database=store.database) as session:
        session.run("MATCH (i:Item {key: $key}) SET i.name = $name", key=key, name="<script>'a'</script>").consume()
        page = guide(contents(store, films.dataset.name, "ann", key), "http://localhost:1/a.grass")
        session.run("MATCH (i:Item {key: $key}) SET i.name = 'Zeta'", key=key).consume()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_style_has_a_rule_for_every_label_and_type(films: Contents) -> None:
    rules = rules_of(grass(films.style))
    assert {"node.User", "node.Item", "node.Thing", "node.Run", "node.Dataset", "node.Relation"} <= rules.keys()
    assert rules["node.User"]["color"] == USER
    assert rules["node.Item"]["color"] == ITEM
    assert rules["node.Thing"]["color"] not in {USER, ITEM}
    assert rules["relationship.DIRECTED_BY"]["caption"] == '"directed by"'
    assert list(rules).index("node.Item") > list(rules).index("node.Entity"), "Browser lets the last rule win"
    assert all({"color", "diameter", "caption"} <= rules[name].keys() for name in rules if name.startswith("node"))


def test_a_caption_that_browser_could_not_read_is_made_plain() -> None:
    rules = rules_of(grass(style_of(["Odd"], {"SAYS": 'says: "so"; it\'s'})))
    assert rules["relationship.SAYS"]["caption"] == '"says   so   it s"'


def test_a_style_decides_by_the_last_label(films: Contents) -> None:
    assert films.style.of_node(["Entity", "Item", "Film"]).color == ITEM
    assert films.style.of_node(["Nothing"]).caption == "{name}"
    assert films.style.of_edge("NEVER_SEEN").caption == "<type>"


def test_favourites_are_named_by_their_first_line_and_sorted_into_questions(films: Contents) -> None:
    archive = zipfile.ZipFile(io.BytesIO(favourites(films)))
    names = archive.namelist()
    assert len(names) == sum(len(statements) for statements in films.questions.values())
    assert all(name.endswith(".cypher") and name.count("/") == 1 for name in names)
    text = archive.read(next(name for name in names if "user_why" in name)).decode()
    assert text.startswith("// Why an item suits a user, as a graph that Browser draws")
    assert f"'{films.item.key}'" in text
    assert favourites(films) == favourites(films)


def fetched(url: str, **headers: str) -> tuple[str, str | None]:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode(), answer.headers.get("Access-Control-Allow-Origin")


def test_files_are_served_to_the_browser_and_to_nobody_else() -> None:
    with serving({"a.html": "<p>a</p>"}, BROWSER) as served:
        url = served.url("a.html")
        assert url.startswith("http://localhost:"), "the host that Browser allows by default"
        assert fetched(url, Origin="http://localhost:7474") == ("<p>a</p>", "http://localhost:7474")
        assert fetched(url, Origin="https://elsewhere.example")[1] is None
        for wrong in (served.url("b.html"), served.url("../pyproject.toml")):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetched(wrong)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(url, Host="elsewhere.example")
        asked = {"Origin": "http://127.0.0.1:7474", "Access-Control-Request-Headers": "pragma,sentry-trace"}
        leave = urllib.request.Request(url, headers=asked, method="OPTIONS")
        with urllib.request.urlopen(leave, timeout=10) as answer:
            assert answer.headers["Access-Control-Allow-Headers"] == "pragma,sentry-trace"
        taken = int(served.address.rpartition(":")[2])
        with pytest.raises(UsageError, match="cannot listen"), serving({}, BROWSER, taken):
            pass
        with serving({}, BROWSER) as beside:
            assert beside.address != served.address


def test_where_browser_is() -> None:
    elsewhere = load_settings(environment={"NEO4J_URI": "neo4j+s://graph.example:7687"})
    assert browser_address(elsewhere) == "http://graph.example:7474/browser/"
    assert opening_address(BROWSER, None) == BROWSER
    opened = opening_address(BROWSER, "http://localhost:7600/a b.html")
    assert opened == f"{BROWSER}?cmd=guide&arg=http://localhost:7600/a%20b.html"


def test_the_command_writes_the_files_and_tells_how_to_load_them(
    connected: CommandLine, films: Contents, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    words = ("browser", films.dataset.name, "--user", "ann", "--no-open", "--to", folder)
    said = connected(*words, "--json").document
    assert said["user"] == "neo4j"
    assert said["walks along with"] == {"user": films.user.key, "item": f"{films.dataset.name}/film/gamma"}
    assert sorted(file.suffix for file in folder.iterdir()) == [".grass", ".html", ".zip"]
    assert all(Path(file).is_file() for file in said["files"].values())
    assert "drop the file" in connected(*words).out
    assert connected("browser", "--no-open", "--json").document["browser"].endswith("/browser/")
    assert connected("browser", "nothing", "--no-open", "--json").code == 4


def test_the_window_opens_at_the_guide_which_is_served_until_ctrl_c(
    connected: CommandLine, films: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def ctrl_c(served: Serving) -> None:
        opened.append(fetched(served.url(f"{films.dataset.name}.html"))[0])
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)) or True)
    monkeypatch.setattr(Serving, "wait", ctrl_c)
    said = connected("browser", films.dataset.name, "--user", "ann", "--to", tmp_path / "files", "--json")
    assert said.code == 0
    address, page = opened
    assert address == said.document["browser"]
    assert address.endswith(f"?cmd=guide&arg={said.document['guide']}")
    assert "Welcome to" in page


def test_the_picture_holds_the_reasons_and_needs_no_network(
    connected: CommandLine, films: Contents, tmp_path: Path
) -> None:
    file = tmp_path / "why.html"
    said = connected("picture", films.dataset.name, "ann", "Gamma", "--to", file, "--json").document
    # ann, Gamma, Alpha, Beta, Kurosawa and Drama; Alpha is similar, and shares the director; both share the genre.
    assert (said["nodes"], said["relationships"]) == (6, 9)
    page = file.read_text(encoding="utf-8")
    assert "<h1>Why Gamma for ann</h1>" in page
    assert all(f'"{name}"' in page for name in ("Gamma", "Kurosawa", "Drama"))
    assert ITEM.lower() in page.lower()
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?https?:""", page)


def test_a_picture_of_nothing_and_without_its_package(
    store: Store, films: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError, match="nothing in the graph leads"):
        draw_why(store, films.dataset.name, "cem", "Zeta", tmp_path / "why.html")
    monkeypatch.setitem(sys.modules, "neo4j_viz", None)
    with pytest.raises(MissingExtraError) as missing:
        draw_why(store, films.dataset.name, "ann", "Gamma", tmp_path / "why.html")
    assert "pictures" in str(missing.value.hint)
    assert not list(tmp_path.iterdir())
