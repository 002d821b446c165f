"""Every page is laid out legibly from the narrowest phone to a desk: columns are wide enough to read, results are short
enough to look through, nothing overlaps, and nothing makes the page scroll sideways."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.library import acquaintances, run_command
from tests.browser.machine import serving
from tests.helpers import built_once
from tests.planted_images import shapes

WIDTHS = (320, 360, 390, 768, 1200)  # pixels
NARROWEST = 12  # characters of a text that wraps
TALLEST = 5_000  # pixels of ten results
EXPLAINED = "&explain=1"

SUBJECTS = {
    "Space and astronomy": "rocket launch orbit astronaut moon station booster fuel capsule telescope planet comet",
    "Bread and pastry": "dough flour yeast oven crust bakery sourdough baguette knead butter brioche water",
    "Public transport": "tram station platform ticket timetable driver tunnel bridge delay passenger railway junction",
}
ENDLESS = (
    "Donaudampfschifffahrtsgesellschaftskapitaensmuetze",
    "https://example.org/" + "path-to-a-page/" * 12,
    "9" * 90,
)

SEARCH = "/shelf/-/semsearch/reports_lsa"
WORDS = "/shelf/-/semsearch/reports_pmi"
PEOPLE = "/shelf/-/semsearch/people_netmf"
SHAPES = "/shelf/-/semsearch/shapes_pca"
QUERY = "a rocket launch delayed at the station"
RESULTS = {
    "text": f"{SEARCH}?q={QUERY}",
    "text, explained": f"{SEARCH}?q={QUERY}{EXPLAINED}",
    "text, filtered": f"{SEARCH}?q={QUERY}&subject__contains=a&weight=0.4",
    "similar texts": f"{SEARCH}/similar/3",
    "words": f"{WORDS}?q=rocket",
    "similar words": f"{WORDS}/similar/rocket",
    "nodes": f"{PEOPLE}?q=circle&mode=text",
    "similar nodes": f"{PEOPLE}/similar/Hub",
    "images": f"{SHAPES}?k=10",
    "similar images": f"{SHAPES}/similar/1",
}
OTHERS = {
    "home": "/-/semsearch",
    "glossary": "/-/semsearch/glossary",
    "search, empty": SEARCH,
    "search, no result": f"{SEARCH}?q=xyzzy&mode=text",
    "nodes, empty": PEOPLE,
    "text item": f"{SEARCH}/item/4",
    "word": f"{WORDS}/item/rocket",
    "node": f"{PEOPLE}/item/Hub",
    "image": f"{SHAPES}/item/1?k=3",
    "ask": f"{SEARCH}/ask?q={QUERY}",
    "ask, empty": f"{SEARCH}/ask",
    "read": f"{SEARCH}/read/4?q={QUERY}",
    "topics": f"{SEARCH}/components",
    "topics without rotation": f"{SEARCH}/components?view=plain",
    "two documents without a common word": f"{SEARCH}/components?pair=1",
    "splits": f"{SEARCH}/splits?id=4",
    "splits of a word": f"{SEARCH}_words/splits?id=rocket",
    "guide": "/-/semsearch/lecture",
    "links, none": f"{PEOPLE}/links",
    "trainings, none": "/shelf/-/semsearch-training",
    "duplicates": f"{SEARCH}/duplicates?threshold=0.5&words=0.05",
    "duplicate images": f"{SHAPES}/duplicates?threshold=0.9",
    "clusters": f"{SEARCH}/clusters",
    "clusters, none": f"{WORDS}/clusters",
    "labels": f"{SEARCH}/labels?label=subject",
    "runs": f"{SEARCH}/runs",
    "analogy": f"{WORDS}/analogy?a=rocket&b=launch&c=tram",
    "counts": f"{WORDS}/cooccurrence?words=rocket+launch+orbit+dough+flour+tram+timetable",
    "plot": f"{WORDS}/plot?words=rocket-launch+orbit+dough+flour+tram+timetable",
    "components": f"{SHAPES}/components",
    "reconstruct": f"{SHAPES}/reconstruct?bits=8",
    "samples": f"{SHAPES}/samples?number=9&measure=1",
    "comparison": f"{SHAPES}/comparison",
}
if find_spec("torch"):
    OTHERS["training curves"] = f"{SHAPES.replace('pca', 'rotation')}/runs"
    OTHERS["task"] = f"{SHAPES.replace('pca', 'rotation')}/pretext"

# Fractions of the page that hold text of their own, each as [element, the rectangles of its lines], and the controls.
GEOMETRY = """
const hidden = it => !it.getClientRects().length || getComputedStyle(it).clipPath !== 'none'
  || it.closest('svg, option, select, [hidden], .sem-wall ol') || it.checkVisibility && !it.checkVisibility();
const isInline = it => getComputedStyle(it).display === 'inline';
const name = it => `${it.tagName.toLowerCase()}.${it.className}: ${it.textContent.trim().slice(0, 30)}`;
const visible = rect => rect.width > 1 && rect.height > 1;
const linesOf = node => { const range = document.createRange(); range.selectNodeContents(node);
  return [...range.getClientRects()].filter(visible); };
const texts = () => { const found = [], walk = document.createTreeWalker(document.querySelector('.sem'), 4);
  while (walk.nextNode()) { const node = walk.currentNode;
    if (node.data.trim() && !hidden(node.parentElement)) found.push(node); }
  return found; };
const blockOf = node => { let it = node.parentElement; while (isInline(it)) it = it.parentElement; return it; };
const clipOf = it => { for (; it; it = it.parentElement) if (getComputedStyle(it).overflow !== 'visible')
  return it.getBoundingClientRect(); };
"""

# Blocks whose text wraps although fewer characters than asked for fit in a line; heads of tables may.
NARROW = f"""least => {{{GEOMETRY}
  const pen = document.createElement('canvas').getContext('2d');
  const narrow = new Set();
  for (const node of texts()) {{
    const block = blockOf(node), style = getComputedStyle(block), head = block.closest('thead');
    const inner = block.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    pen.font = style.font;
    const tops = new Set(linesOf(node).map(rect => Math.round(rect.top)));
    if (!head && tops.size > 1 && inner < pen.measureText('n'.repeat(least)).width) narrow.add(name(block));
  }}
  return [...narrow];
}}"""

# Texts of several lines that leave the screen, so that each line must be scrolled to.
CLIPPED = f"""() => {{{GEOMETRY}
  return texts().filter(node => new Set(linesOf(node).map(rect => Math.round(rect.top))).size > 1)
    .filter(node => linesOf(node).some(rect => rect.right > window.innerWidth + 1)).map(node => node.data.slice(0, 40));
}}"""

# Words of up to twelve letters that are cut in two.
CUT = f"""() => {{{GEOMETRY}
  const cut = [];
  for (const node of texts()) for (const word of node.data.matchAll(/[\\p{{L}}\\p{{N}}]+/gu)) {{
    if (word[0].length > 12) continue;
    const range = document.createRange();
    range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
    const tops = [...range.getClientRects()].filter(visible).map(rect => rect.top);
    if (tops.length && Math.max(...tops) - Math.min(...tops) > 4) cut.push(word[0] + ", " + name(node.parentElement));
  }}
  return cut;
}}"""

# Pairs of lines of text, controls and images that share more than two pixels both ways.
OVERLAPPING = f"""() => {{{GEOMETRY}
  const boxes = [];
  const add = (it, rect) => {{ const clip = clipOf(it) || {{left: 0, right: 1e6, top: 0, bottom: 1e6}};
    const left = Math.max(rect.left, clip.left), right = Math.min(rect.right, clip.right);
    const top = Math.max(rect.top, clip.top), bottom = Math.min(rect.bottom, clip.bottom);
    if (right - left > 2 && bottom - top > 2) boxes.push({{it, left, right, top, bottom}}); }};
  for (const node of texts()) for (const rect of linesOf(node)) add(node.parentElement, rect);
  for (const it of document.querySelectorAll('input:not([type=hidden]), select, button, .sem img, .sem svg'))
    if (it.closest('.sem') && it.checkVisibility()) add(it, it.getBoundingClientRect());
  boxes.sort((a, b) => a.top - b.top);
  const pairs = [], home = it => blockOf(it.firstChild || it);
  boxes.forEach((a, at) => {{ for (let i = at + 1; i < boxes.length && boxes[i].top < a.bottom - 2; i++) {{
    const b = boxes[i];
    const related = a.it.contains(b.it) || b.it.contains(a.it) || home(a.it) === home(b.it);
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - b.top;
    if (!related && across > 2 && down > 4) pairs.push([name(a.it), name(b.it)]);
  }} }});
  return pairs.slice(0, 5);
}}"""


def reports() -> Iterator[tuple[Any, ...]]:
    """Forty rows as people have them: long titles and texts, numbers, a label, some words without a space."""
    rng = random.Random(7)
    for number in range(1, 41):
        subject = list(SUBJECTS)[number % 3]
        vocabulary = SUBJECTS[subject].split()
        words = [*rng.choices(vocabulary, k=rng.choice((60, 120, 250))), "and", "the"]
        rng.shuffle(words)
        title = " ".join(["A report on", *rng.sample(vocabulary, 5), "with", *rng.sample(vocabulary, 4)])
        body = " ".join(words) + (f" {ENDLESS[number % 3]} {rng.choice(vocabulary)}" if number % 4 == 0 else "")
        yield (
            number,
            title,
            body,
            subject,
            f"{rng.random() * 1e6:.4f}",
            f"2026-11-{number % 28 + 1:02}",
            rng.randint(1, 5),
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A `semsearch serve` over texts, words, nodes and images of a realistic length."""
    folder = tmp_path_factory.mktemp("layout")
    shutil.copy(built_once(tmp_path_factory, "layout", build_shelf) / "shelf.db", folder)
    with serving(folder / "shelf.db", folder / "log") as address:
        yield address


def build_shelf(folder: Path) -> None:
    """Writes `shelf.db`: reports, people and shapes, and their collections."""
    with (folder / "reports.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "body", "subject", "an_amount_of_money", "published", "stars"))
        writer.writerows(reports())
    _build_texts(folder)
    (folder / "edges.csv").write_text("\n".join(f"{one},{other},1" for one, other in acquaintances()))
    run_command("ingest", "edges", folder / "shelf.db", "people", folder / "edges.csv", "--directed")
    run_command("build", "netmf", folder / "shelf.db", "people", "--dim", "8")
    _build_images(folder)


def _build_texts(folder: Path) -> None:
    columns = ("--text", "body", "--title", "title")
    run_command("ingest", "documents", folder / "shelf.db", "reports", folder / "reports.csv", *columns)
    run_command("build", "lsa", folder / "shelf.db", "reports", "--dim", "8")
    run_command("build", "pmi", folder / "shelf.db", "reports", "--dim", "8", "--min-count", "1")
    run_command("cluster", folder / "shelf.db", "reports_lsa", "--clusters", "3")


def _build_images(folder: Path) -> None:
    pixels, kinds = shapes(40, 12)
    np.savez(folder / "shapes.npz", images=pixels, labels=kinds)
    run_command("ingest", "images", folder / "shelf.db", "shapes", folder / "shapes.npz")
    run_command("build", "pca", folder / "shelf.db", "shapes", "--dim", "6")
    if find_spec("torch"):
        run_command("build", "rotation", folder / "shelf.db", "shapes", "--epochs", "2", "--width", "4")


def resized(page: Any) -> Iterator[int]:
    """The page at each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        yield width


@pytest.mark.parametrize("path", [*RESULTS.values(), *OTHERS.values()], ids=[*RESULTS, *OTHERS])
def test_a_page_is_legible_at_every_width(open_page: Any, path: str) -> None:
    page = open_page(path)
    for width in resized(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"scrolls sideways at {width}"
        assert page.evaluate(NARROW, NARROWEST) == [], f"narrow at {width}"
        assert page.evaluate(CLIPPED) == [], f"leaves the screen at {width}"
        assert page.evaluate(CUT) == [], f"words cut at {width}"
        assert page.evaluate(OVERLAPPING) == [], f"overlapping at {width}"
        if path in RESULTS.values():
            results = page.locator(".sem-cards, .sem-grid")
            assert results.locator("> li").count() == 10
            assert results.evaluate("it => it.getBoundingClientRect().height") <= TALLEST, f"too long at {width}"


# Numbers of a list outside of their own row, after names without a break of many lengths have been put into the rows.
STRAYING = """() => {
  const rows = [...document.querySelectorAll('.sem-suggested li')];
  rows.forEach((row, at) => { row.querySelector('a').textContent = 'm'.repeat(6 + 2 * at) + '_'; });
  return rows.filter(row => { const number = row.querySelector('.sem-number');
    return number && number.getBoundingClientRect().bottom > row.getBoundingClientRect().bottom + 1; })
    .map(row => row.textContent);
}"""


@pytest.mark.parametrize(
    "path", [f"{SEARCH}/splits?id=4", f"{SEARCH}_words/splits?id=rocket"], ids=["documents", "words"]
)
def test_a_number_stays_in_the_row_of_its_name(open_page: Any, path: str) -> None:
    page = open_page(path)
    assert page.locator(".sem-suggested .sem-number").count() > 0
    for width in resized(page):
        assert page.evaluate(STRAYING) == [], f"out of its row at {width}"
