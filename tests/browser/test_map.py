"""The map in a browser with WebGL, under a policy that allows nothing but files of the server."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.machine import ARGUMENTS, INSTALL, do_without, find_browser
from tests.browser.pages import ARTICLES, path_of
from tests.browser.visitor import Pages, Visitor

MAP = f"{ARTICLES}/map"
SOFTWARE_WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
DATASETTES_OWN = "Executing inline script violates"  # each page of Datasette has one
READY = "#sem-map[data-ready]"


def drawn(page: Any) -> int:
    """The pixels of the map that are not of the ground."""
    page.wait_for_timeout(300)  # until the view is at rest, and all points are drawn
    pixels = np.asarray(Image.open(BytesIO(page.locator("#map").screenshot())).convert("RGB")).astype(int)
    return int((np.abs(pixels - pixels[-4, 40]).max(axis=2) > 40).sum())


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """Pages of a Chromium that draws WebGL in software."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        do_without("Playwright is not installed: pip install 'semsearch[test]'")
    path = find_browser()
    if path is None:
        do_without(f"no Chromium on this machine: {INSTALL}")
    kept = [argument for argument in ARGUMENTS if argument != "--disable-gpu"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*kept, *SOFTWARE_WEBGL])
        opened = Pages(started)
        yield opened
        opened.close()
        started.close()


@pytest.fixture
def page(pages: Pages, server: str) -> Iterator[Any]:
    """The map, drawn, under `default-src 'self'`."""
    visitor = Visitor(pages, server)
    key, made = pages.take({})
    pages.give_back(key, made)
    made.route("**/*", _with_policy)
    opened = visitor.open(MAP)
    opened.wait_for_selector(READY, state="attached", timeout=60_000)
    yield opened
    made.unroute_all(behavior="ignoreErrors")
    visitor.close()
    visitor.wrong = [text for text in visitor.wrong if not text.startswith(DATASETTES_OWN)]
    visitor.check()


def _with_policy(route: Any) -> None:
    answer = route.fetch(max_redirects=0)
    if answer.headers.get("content-type", "").startswith("text/html"):
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": "default-src 'self'"})
    else:
        route.fulfill(response=answer)


def test_points_names_and_legend_are_drawn(page: Any) -> None:
    assert drawn(page) > 100
    assert page.locator(".sem-map-legend button").count() == 3
    assert page.locator(".sem-map-names span").count() > 3  # groups, and the titles of the few items


def test_an_item_is_shown_and_opened(page: Any) -> None:
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    card = page.locator(".sem-map-card")
    card.wait_for(state="visible")
    title = card.locator("a").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/item/*")
    assert title in page.locator(".sem").inner_text() and "/item/" in path_of(page)


def test_arrow_keys_step_to_another_item(page: Any) -> None:
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    card = page.locator(".sem-map-card a")
    card.wait_for()
    first = card.inner_text()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    assert first and card.inner_text()
    page.keyboard.press("Escape")
    page.locator(".sem-map-card").wait_for(state="hidden")


def test_a_lasso_selects_and_can_be_shared(page: Any, server: str) -> None:
    page.locator("[data-do=lasso]").click()
    box = page.locator("#map").bounding_box()
    corners = [(0.01, 0.01), (0.93, 0.01), (0.93, 0.99), (0.01, 0.99)]
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in [*places[1:], places[0]]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    page.get_by_role("heading", name="selected").wait_for()
    selected = page.locator(".sem-map-list li").count()
    assert selected > 10 and "polygon=" in page.url and len(page.url) < 4_200
    shared = page.url
    page.goto(shared)
    assert page.locator(".sem-map-list li").count() == selected


def test_search_colours_and_legend(page: Any) -> None:
    page.fill("#sem-map-q", "moon")
    page.keyboard.press("Enter")
    note = page.locator(".sem-map-note")
    note.wait_for(state="visible")
    assert "best results for “moon” are lit up" in note.inner_text()
    page.select_option("#sem-map-column", "theme")
    page.locator(".sem-map-legend button", has_text="bread").wait_for()
    before = drawn(page)
    page.locator(".sem-map-legend button", has_text="space").click()
    assert page.locator(".sem-map-legend button[aria-pressed=false]").count() == 1
    assert drawn(page) < before
