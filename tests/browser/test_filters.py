"""Filters by hand: add one, change it, take it away; with scripts and without, and on a phone."""

from __future__ import annotations

import pytest

from tests.browser.library import BREAD, SPACE
from tests.browser.machine import follow
from tests.browser.pages import ARTICLES, PHONE, WIDE, path_of, scripts, titles

FOUND = f"{ARTICLES}?q=moon+dough&k=20"
THEMES = {"space": {title for title, _ in SPACE}, "bread": {title for title, _ in BREAD}}
phones = pytest.mark.parametrize("width", [1100, PHONE], ids=["wide", "phone"])


def fill(page, number, column, operation, value):
    """One row of the form; the form is opened where it is not."""
    row = page.get_by_role("group", name=f"Filter {number}")
    if not row.is_visible():
        page.locator(".sem-filters summary").click()
    row.get_by_label("Column").select_option(column)
    row.get_by_label("Operation").select_option(label=operation)
    row.get_by_label("Value").fill(value)


def click(page, role, name):
    """Click, and wait for the page that the form or link leads to: a form's by way of a redirect."""
    follow(page.get_by_role(role, name=name))


def chips(page):
    return page.locator(".sem-chip").locator("span").all_inner_texts()  # one selector would look into 1.0's own menu


@scripts
@phones
def test_filters_are_added_changed_and_removed(open_page, scripts, width):
    page = open_page(FOUND, java_script_enabled=scripts, viewport={"width": width, "height": 740})
    assert set(titles(page)) == THEMES["space"] | THEMES["bread"] and chips(page) == []
    fill(page, 1, "theme", "is", "bread")
    click(page, "button", "Apply")
    assert "theme__exact=bread" in page.url and "_filter" not in page.url
    assert set(titles(page)) == THEMES["bread"] and chips(page) == ["theme is bread"]

    fill(page, 2, "title", "contains", "oug")
    click(page, "button", "Apply")
    assert titles(page) == [title for title in titles(page) if "oug" in title] != []
    fill(page, 1, "theme", "is not", "bread")
    click(page, "button", "Apply")
    assert chips(page) == ["theme is not bread", "title contains oug"]
    assert page.locator(".sem-remark").inner_text().startswith("The filter matches no row of articles")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(WIDE)

    click(page, "link", "Remove the filter: title contains oug")
    assert set(titles(page)) == THEMES["space"] and chips(page) == ["theme is not bread"]
    click(page, "link", "Remove the filter: theme is not bread")
    assert chips(page) == [] and "theme" not in page.url and "q=moon" in page.url


@scripts
def test_filters_outlast_another_mode_and_lead_on(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=moon+dough&theme=space&k=10", java_script_enabled=scripts)
    page.get_by_role("radio", name="Vector", exact=True).check()
    click(page, "button", "Search")
    assert "mode=vector" in page.url and chips(page) == ["theme is space"]
    with page.expect_navigation():
        page.locator(".sem-card").first.get_by_role("link", name="More like").click()
    assert path_of(page).startswith(f"{ARTICLES}/similar/") and chips(page) == ["theme is space"]
    assert set(titles(page)) < THEMES["space"]
    click(page, "link", "Remove the filter: theme is space")
    assert set(titles(page)) & THEMES["bread"]


@scripts
def test_the_weight_is_set_by_hand(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=moon+dough", java_script_enabled=scripts)
    page.get_by_label("Weight of the similarity, 0 to 1").fill("0.3")
    click(page, "button", "Search")
    assert "weight=0.3" in page.url
    assert page.get_by_text("Weight of the similarity 0.30, of the text score 0.70 (as given)").is_visible()


@scripts
def test_duplicates_and_clusters_lead_to_items(open_page, scripts):
    page = open_page(ARTICLES, java_script_enabled=scripts)
    tabs = page.get_by_role("navigation", name="Pages of articles_lsa")
    follow(tabs.get_by_role("link", name="Duplicates"))
    page.get_by_label("Minimum similarity, 0.01 to 1").fill("0.5")
    page.get_by_label("Minimum word overlap, 0.01 to 1").fill("0.05")
    click(page, "button", "Compare")
    assert "threshold=0.5" in page.url
    assert page.locator(".sem-pair").first.locator("h3 a").count() == 2
    follow(tabs.get_by_role("link", name="Clusters"))
    assert page.locator(".sem-clusters > li").count() == 3
    follow(page.locator(".sem-clusters .sem-documents a").first)
    assert path_of(page).startswith(f"{ARTICLES}/item/")
