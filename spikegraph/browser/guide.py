"""A guide through a data set in Neo4j Browser's own format: slides whose statements run at a click.

Every statement is one of the library, with the data set's own keys written into it. Browser takes plain HTML: a
`slide` is a page, `pre.runnable` is run by the arrow before it, `data-exec` is a command of Browser's.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from spikegraph.browser.contents import Contents, Ready
from spikegraph.browser.style import NodeStyle
from spikegraph.library import QUESTIONS

ORDER = (
    "explore/data_set",
    "explore/item",
    "explore/user",
    "recommend",
    "explore/communities",
    "explore/hubs",
    "explore/profiles",
    "explore/runs",
    "explore/lists",
    "explore/sanity",
)
"""The questions in the order of the walk."""

FIRST = ("data_set/glimpse", "user/list", "user/why", "user/taste_drawn", "recommend/with_reasons", "runs/lists_drawn")
"""Ends of the names of statements that come before the others of their question."""

EQUALS = "&#61;"
"""Browser cuts whatever looks like a handler of events (`onclick=…`) out of a guide, `one.entity = first` too."""

LEAVES_OUT = ("recommend/find_", "recommend/near_")
"""Statements for programs, which a guide leaves out."""


def guide(contents: Contents, address: str) -> str:
    """Write the guide.

    Args:
        contents: what it walks through.
        address: where the style file is served, `http://localhost:7600/demo.grass`.
    """
    slides = [_welcome(contents, address)]
    for group in ORDER:
        statements = contents.questions.get(QUESTIONS[group], ())
        if group == "explore/runs" and contents.runs < 2:
            slides.append(_slide(QUESTIONS[group], _one_run(contents), _metrics(statements)))
        else:
            slides.append(_slide(QUESTIONS[group], _intro(group, contents), sorted(statements, key=_place)))
    slides.append(_farewell(contents))
    title = f"SpikeGraph: {contents.dataset.name}"
    return (
        f"<title>{escape(title)}</title>\n"
        f'<article class="guide">\n<carousel class="deck container-fluid">\n{"".join(slides)}</carousel>\n</article>\n'
    )


def _welcome(contents: Contents, address: str) -> str:
    counts = contents.dataset.counts
    legend = " ".join(_patch(label, contents.style.nodes[label]) for label in ("User", "Item", *contents.style.kinds))
    return _page(
        f"Welcome to {contents.dataset.name}",
        f"<p>{escape(contents.dataset.source)}</p>"
        f"<p>{counts.get('users', 0):,} users, {counts.get('items', 0):,} items, {counts.get('train', 0):,} "
        f"interactions in the training part, and {counts.get('triples', 0):,} facts of a knowledge graph.</p>"
        f"<p><b>1.</b> Give the graph its colours: {_button('style ' + address, 'load the style')}</p><p>{legend}</p>"
        f"<p><b>2.</b> Let a picture show only what was asked for: "
        f"{_button('config autoComplete: false', 'do not connect result nodes')} "
        f"(undo: {_button('config autoComplete: true', 'connect them')})</p>"
        "<p><b>3.</b> Go on with <i>Next</i> below. The round sign before a statement runs it; a click on its text "
        "puts it into the editor, where you can change it.</p>"
        f"<p>We walk along with <b>{escape(contents.user.name)}</b> (<code>{escape(contents.user.key)}</code>) and "
        f"<b>{escape(contents.item.name)}</b> (<code>{escape(contents.item.key)}</code>).</p>",
    )


def _intro(group: str, contents: Contents) -> str:
    user, item = (f"<b>{escape(node.name)}</b>" for node in (contents.user, contents.item))
    return {
        "explore/data_set": "What was read in, and how it hangs together. Begin with the picture.",
        "explore/item": f"What the knowledge graph says of {item}, what is similar, and who has it.",
        "explore/user": f"What {user} had, what these items have in common, and what is recommended for that.",
        "recommend": f"The answers that an application gets, here for {user}: the list, its reasons, similar items.",
        "explore/communities": "What keeps together: by shared facts, by similarity, or as an algorithm found it.",
        "explore/hubs": "Who is linked to everything tells little; who is linked to nothing explains nothing.",
        "explore/profiles": "Texts that models learn from. Thin or copied ones teach them nothing.",
        "explore/runs": f"Two trained runs side by side, for {user} and for everybody.",
        "explore/lists": "Does the run recommend to everybody what everybody has? What does nobody ever get?",
        "explore/sanity": "Each row is a check; all findings ought to be 0.",
    }[group]


def _one_run(contents: Contents) -> str:
    return (
        f"The graph holds {contents.runs or 'no'} run with lists. Write a second one back "
        f"(<code>spikegraph write-back RUN</code>), then make this guide again to see both side by side."
    )


def _farewell(contents: Contents) -> str:
    return _page(
        "Where to go from here",
        "<p>Every statement of this guide is a file of the folder <code>cypher/</code>, and a favourite: drop the file "
        f"<code>{escape(contents.dataset.name)}.zip</code> on this window, then click the star on the left.</p>"
        "<p><code>spikegraph query</code> lists them, <code>spikegraph query taste --param user=…</code> asks one.</p>"
        "<p>For another user or item: <code>spikegraph browser "
        f"{escape(contents.dataset.name)} --user … --item …</code></p>",
    )


def _slide(question: str, intro: str, statements: Iterable[Ready]) -> str:
    shown = (statement for statement in statements if not statement.name.startswith(LEAVES_OUT))
    return _page(question, f"<p>{intro}</p>" + "".join(map(_runnable, shown)))


def _page(title: str, body: str) -> str:
    return f'<slide class="row-fluid">\n<div class="col-sm-12">\n<h3>{escape(title)}</h3>\n{body}\n</div>\n</slide>\n'


def _runnable(statement: Ready) -> str:
    text = escape(f"// {statement.name}\n{statement.text}", quote=False).replace("=", EQUALS)
    style = "max-height: 9em; overflow: auto; font-size: 11px"
    return (
        f'<p style="margin: 1.2em 0 0.3em">{escape(statement.summary)}</p>\n'
        f'<pre class="pre-scrollable code runnable" style="{style}">{text}</pre>\n'
    )


def _metrics(statements: Iterable[Ready]) -> list[Ready]:
    return [statement for statement in statements if statement.name == "explore/runs/metrics"]


def _place(statement: Ready) -> tuple[bool, str]:
    return not statement.name.endswith(FIRST), statement.name


def _button(command: str, text: str) -> str:
    return f'<a data-exec="{escape(command)}">{escape(text)}</a>'


def _patch(label: str, style: NodeStyle) -> str:
    css = f"background-color: {style.color}; color: {style.text_color}; border-radius: 8px; padding: 1px 7px"
    return f'<span style="{css}; white-space: nowrap; line-height: 1.9">{escape(label)}</span>'
