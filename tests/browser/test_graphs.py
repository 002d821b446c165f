"""The picture of a node's surroundings: its labels can be read, its nodes lead on, and it says what the table says."""

from __future__ import annotations

import pytest

from tests.browser.library import HUB
from tests.browser.pages import PEOPLE, PHONE

NODES = {"node": "Person-001+of+the+circle+1", "hub": HUB}
each_node = pytest.mark.parametrize("id", NODES.values(), ids=NODES.keys())
each_width = pytest.mark.parametrize("width", [1200, PHONE], ids=["wide", "phone"])

# Labels that stand in each other, and those that leave the picture.
MUDDLED = """() => {
  const texts = [...document.querySelectorAll('.sem-plot text')];
  const boxes = texts.map(it => [it.textContent, it.getBoundingClientRect()]);
  const all = document.querySelector('.sem-plot').getBoundingClientRect();
  const within = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
  return [boxes.filter(([, a], at) => boxes.slice(0, at).some(([, b]) => within(a, b))).map(([text]) => text),
    boxes.filter(([, a]) => a.left < all.left - 1 || a.right > all.right + 1).map(([text]) => text), boxes.length];
}"""


@each_node
@each_width
def test_labels_keep_clear_of_each_other(open_page, id, width):
    page = open_page(f"{PEOPLE}/item/{id}", viewport={"width": width, "height": 740})
    overlapping, outside, labels = page.evaluate(MUDDLED)
    assert overlapping == [] and outside == []
    nodes = page.locator(".sem-plot a").count()
    assert labels >= 0.9 * nodes and 2 < nodes <= 60


def test_the_picture_leads_on_and_its_shapes_tell_near_from_joined(open_page):
    page = open_page(f"{PEOPLE}/item/{NODES['node']}")
    apart = page.locator(".sem-plot .sem-apart")
    assert apart.count() > 0 and apart.locator("path").count() == apart.count()
    assert page.locator(".sem-plot .sem-dashed").count() == apart.count()
    rows = page.locator(".sem-around tbody tr")
    assert rows.count() == page.locator(".sem-plot a").count() - 1
    without_edge = rows.filter(has=page.locator("td:nth-child(2)", has_text="–"))
    assert without_edge.count() == apart.count()
    title = apart.first.locator("title").text_content()
    with page.expect_navigation():
        apart.first.locator("path").click()
    assert page.get_by_role("heading", level=2).first.inner_text() == title


def test_the_picture_has_a_text_that_stands_for_it(open_page):
    page = open_page(f"{PEOPLE}/item/{HUB}")
    assert page.get_by_role("img", name=f"{HUB} and 59 adjacent nodes").count() == 1
