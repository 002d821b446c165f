"""What holds on every page: it fits a phone, has a dark scheme, labels, contrast, and a focus that can be seen."""

from __future__ import annotations

import base64
import struct
from importlib.util import find_spec

import pytest

from tests.browser.pages import ARTICLES, PEOPLE, PHONE, SHAPES, WIDE, WORDS
from tests.browser.visitor import WIDTH, Visitor

CODE = base64.urlsafe_b64encode(struct.pack("<f6b", 1.0, 127, 60, 0, 0, -9, 3)).decode().rstrip("=")
PAGES = {
    "home": "/-/semsearch",
    "home of a database": "/library/-/semsearch",
    "guide": "/-/semsearch/lecture",
    "glossary": "/-/semsearch/glossary",
    "search, nothing asked": ARTICLES,
    "search": f"{ARTICLES}?q=the+moon+dough&k=20",
    "search, nothing found": f"{ARTICLES}?q=xyzzy&mode=vector",
    "search, an endless word": f"{ARTICLES}?q={'moon' * 200}",
    "search, filtered": f"{ARTICLES}?q=moon+dough&theme=bread&title__contains=e&weight=0.3",
    "search, an endless filter": f"{ARTICLES}?q=moon&body__notcontains={'dough' * 80}",
    "search, explained": f"{ARTICLES}?q=the+moon+dough&k=20&explain=1",
    "search words": f"{WORDS}?q=moon",
    "item": f"{ARTICLES}/item/1",
    "read": f"{ARTICLES}/read/1?q=moon",
    "read an endless word": f"{ARTICLES}/read/14",
    "item with an endless word": f"{ARTICLES}/item/14",
    "word": f"{WORDS}/item/moon",
    "similar": f"{ARTICLES}/similar/7",
    "similar, filtered": f"{ARTICLES}/similar/7?theme=bread",
    "similar words": f"{WORDS}/similar/moon",
    "topics": f"{ARTICLES}/components",
    "topics from the words": f"{WORDS}/components",
    "no common word": f"{ARTICLES}/components?pair=1",
    "splits": f"{ARTICLES}/splits?id=1",
    "splits of a word": f"{WORDS}/splits?id=moon",
    "trainings": "/library/-/semsearch-training",
    "duplicates": f"{ARTICLES}/duplicates?threshold=0.5&words=0.05",
    "no duplicates": f"{ARTICLES}/duplicates?threshold=1&words=1",
    "clusters": f"{ARTICLES}/clusters",
    "clusters, none made": f"{WORDS}/clusters",
    "labels": f"{ARTICLES}/labels?label=theme",
    "labels, unknown column": f"{ARTICLES}/labels?label=nothing",
    "labels, none": f"{WORDS}/labels",
    "runs": f"{ARTICLES}/runs",
    "pictures": SHAPES,
    "pictures, filtered": f"{SHAPES}?label=lying&k=12",
    "by picture": f"{SHAPES}?picture={CODE}",
    "picture": f"{SHAPES}/item/1?k=3",
    "similar pictures": f"{SHAPES}/similar/1",
    "components": f"{SHAPES}/components",
    "reconstruct": f"{SHAPES}/reconstruct?bits=8",
    "samples": f"{SHAPES}/samples?seed=7&prior=gaussian&from=1&to=2",
    "comparison": f"{SHAPES}/comparison",
    "a sample": f"{SHAPES}/samples?seed=7&number=9&other=30&measure=1",
    "nodes": PEOPLE,
    "node": f"{PEOPLE}/item/Person-001+of+the+circle+1",
    "node with more neighbours than are drawn": f"{PEOPLE}/item/Hub",
    "similar nodes": f"{PEOPLE}/similar/Hub",
    "predicted links": f"{PEOPLE}/links",
}
if find_spec("torch"):
    PAGES["the task"] = f"{SHAPES.replace('pca', 'rotation')}/pretext?seed=3"
    PAGES["gaps"] = f"{ARTICLES.replace('lsa', 'masked')}/pretext?seed=3&text=the+___+of+the+moon+___"


# What is folded away is looked at too; what a page had open at first is remembered, so that it can be as it was.
REMEMBER = "document.querySelectorAll('.sem details').forEach(it => { it.dataset.opened = it.open })"
UNFOLD = "document.querySelectorAll('.sem details').forEach(it => { it.open = true })"
REFOLD = "document.querySelectorAll('.sem details').forEach(it => { it.open = it.dataset.opened === 'true' })"

# WCAG's contrast of every stretch of text on our part of a page with the first opaque ground behind it.
FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = it => { for (; it; it = it.parentElement) { const c = rgba(getComputedStyle(it).backgroundColor);
    if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const faint = [];
  for (const it of document.querySelectorAll('.sem *')) {
    const says = [...it.childNodes].some(node => node.nodeType === 3 && /[\\p{L}\\p{N}]/u.test(node.data));
    if (!says || !it.getClientRects().length) continue;
    const [a, b] = [light(rgba(getComputedStyle(it).color)), light(ground(it))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push([it.tagName, it.className, it.textContent.slice(0, 20), contrast]);
  }
  return faint;
}"""

# Fields without a label that says something.
UNNAMED = """[...document.querySelectorAll('.sem input, .sem select, .sem textarea')]
    .filter(it => it.type !== 'hidden' && ![...it.labels].some(label => label.innerText.trim()))
    .map(it => it.outerHTML)"""

# The outline that a field, button or link on our part of the page has while it has the focus.
OUTLINE = """() => { const it = document.activeElement, style = getComputedStyle(it);
    return it.closest('.sem') && [it.outerHTML.slice(0, 80), style.outlineStyle, parseFloat(style.outlineWidth)]; }"""


def lightness(page, selector: str = "body") -> float:
    """0 for black, 1 for white: the ground of an element."""
    colour = page.locator(selector).evaluate("it => getComputedStyle(it).backgroundColor")
    red, green, blue = (int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.fixture(scope="module", params=PAGES.values(), ids=PAGES.keys())
def opened(request, pages, server):
    """A page, loaded once for all that is looked at on it; and its path. Tests of one page follow each other."""
    visitor = Visitor(pages, server)
    page = visitor.open(request.param)
    page.evaluate(REMEMBER)
    yield page, request.param
    visitor.close()
    visitor.check()


@pytest.fixture
def page(opened):
    """The page as it was when it was loaded."""
    page, _ = opened
    yield page
    page.evaluate(REFOLD)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size(WIDTH)


def test_a_phone_scrolls_down_only(page):
    page.set_viewport_size({"width": PHONE, "height": 740})
    assert page.evaluate("window.innerWidth") == PHONE
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, page.evaluate(WIDE)
    page.evaluate(UNFOLD)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, page.evaluate(WIDE)


def test_text_stands_out_in_both_schemes(page):
    page.evaluate(UNFOLD)
    assert lightness(page) > 0.85
    assert page.evaluate(FAINT) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no fading of colours while they are measured
    assert lightness(page) < 0.15
    assert page.evaluate(FAINT) == []


def test_fields_are_labelled_and_focus_is_seen(page):
    page.evaluate(UNFOLD)
    assert page.evaluate(UNNAMED) == []
    seen = 0
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(OUTLINE)
        if found:
            seen += 1
            assert found[1] != "none" and found[2] >= 2, found
        elif seen:
            break  # the focus has left our part of the page for Datasette's footer
    assert seen > 2


def test_scripts_change_nothing(page, opened, open_page):
    without = open_page(opened[1], java_script_enabled=False)
    assert page.locator(".sem").inner_text() == without.locator(".sem").inner_text()


def test_the_dark_scheme_is_dark_all_over(open_page):
    page = open_page(PAGES["search"], color_scheme="dark")
    assert lightness(page, "body > header, .not-footer > header") < 0.35 and lightness(page, "footer.ft") < 0.35
    assert lightness(page, "#sem-q") < 0.2
