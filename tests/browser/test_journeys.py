"""What a visitor does, click by click: ask, read, go on, with scripts and without, with a keyboard alone."""

from __future__ import annotations

import re

import pytest

from tests.browser import machine
from tests.browser.library import BREAD, SPACE
from tests.browser.machine import follow
from tests.browser.pages import ARTICLES, path_of, scripts, titles

HOME = "/-/semsearch"
BOX = "Search articles"


@scripts
def test_from_home_to_results(open_page, scripts):
    page = open_page(HOME, java_script_enabled=scripts)
    assert page.get_by_role("heading", level=1).inner_text() == "Semantic search"
    form = page.get_by_role("search", name="Search articles_lsa", exact=True)
    form.get_by_label(BOX, exact=True).fill("orbit around the moon")
    follow(form.get_by_role("button"))
    assert path_of(page) == ARTICLES
    assert page.get_by_label(BOX, exact=True).input_value() == "orbit around the moon"
    assert page.get_by_role("heading", level=2).first.inner_text() == "10 results for “orbit around the moon”"
    assert set(titles(page)[:3]) <= {title for title, _ in SPACE}


@scripts
def test_words_of_the_query_are_marked(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=kneading", java_script_enabled=scripts)
    marked = page.locator(".sem-snippet mark")
    assert set(marked.all_inner_texts()) == {"knead"}
    background = marked.first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert background != page.locator(".sem-snippet").first.evaluate("it => getComputedStyle(it).backgroundColor")


@scripts
def test_ranking_is_chosen_and_kept(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=astronaut", java_script_enabled=scripts)
    page.get_by_role("radio", name="Text", exact=True).check()
    page.get_by_label("Results").select_option("20")
    follow(page.get_by_role("button", name="Search"))
    assert "mode=text" in page.url and "k=20" in page.url
    assert page.get_by_role("radio", name="Text", exact=True).is_checked()
    assert all("astronaut" in text for text in page.locator(".sem-snippet").all_inner_texts())


@scripts
def test_the_next_page_goes_on(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=moon&mode=vector", java_script_enabled=scripts)
    first = titles(page)
    follow(page.get_by_role("link", name="More results"))
    rest = titles(page)
    assert len(first) == 10 and rest and not set(first) & set(rest)
    assert page.locator(".sem-cards").get_attribute("start") == "11"
    assert page.get_by_role("heading", level=2).first.inner_text().startswith("Results 11 to ")


@scripts
def test_more_like_this(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=baguette", java_script_enabled=scripts)
    follow(page.get_by_role("link", name="More like Baguette"))
    assert page.get_by_role("heading", level=2).first.inner_text() == "More like Baguette"
    near = titles(page)
    assert "Baguette" not in near and set(near[:3]) <= {title for title, _ in BREAD}


@scripts
def test_an_item_and_its_row(open_page, scripts):
    page = open_page(f"{ARTICLES}?q=apollo+rocket", java_script_enabled=scripts)
    follow(page.get_by_role("link", name="Apollo", exact=True))
    assert page.locator(".sem-text").inner_text() == SPACE[0][1]
    assert page.locator(".sem-nearest li").count() >= 3
    follow(page.get_by_role("link", name=re.compile("^Open row in articles")))
    assert path_of(page).startswith("/library/articles/") and "Apollo" in page.locator("table").first.inner_text()


@scripts
def test_topics_lead_to_words_and_documents(open_page, scripts):
    page = open_page(ARTICLES, java_script_enabled=scripts)
    follow(page.get_by_role("navigation", name="Pages of articles_lsa").get_by_role("link", name="Topics"))
    assert path_of(page) == f"{ARTICLES}/components"
    first, second = page.locator(".sem-topic").all()[:2]
    planted = [{title for title, _ in rows} for rows in (BREAD, SPACE)]
    found = [set(topic.locator(".sem-documents a").all_inner_texts()) for topic in (first, second)]
    assert all(titles <= planted[0] or titles <= planted[1] for titles in found)
    follow(page.get_by_role("link", name="Show the components before rotation"))
    third = page.locator(".sem-topic").nth(2)
    assert third.locator(".sem-end-name").all_inner_texts() == ["Positive side", "Negative side"]
    page.go_back()
    word = second.locator(".sem-topic-words a").first
    name = word.inner_text()
    follow(word)
    assert page.locator(".sem-title").inner_text() == name
    page.go_back()
    follow(page.locator(".sem-topic").first.locator(".sem-documents a").first)
    assert path_of(page).startswith(f"{ARTICLES}/item/")


def test_keyboard_alone(open_page):
    page = open_page(HOME)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('input[type=search]')"):
            break
    form = page.get_by_role("search", name="Search articles_lsa", exact=True)
    box = form.get_by_label(BOX, exact=True)
    assert box.evaluate("it => it === document.activeElement")
    page.keyboard.type("dough")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{ARTICLES}?q=dough*")
    assert titles(page)


def test_the_box_is_ready_to_type_in(open_page):
    page = open_page(ARTICLES)
    page.wait_for_function("document.activeElement.matches('#sem-q')")  # a browser gives the focus after the load
    page.keyboard.type("yeast")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=yeast*")
    assert set(titles(page)[:2]) <= {title for title, _ in BREAD}


def test_a_missing_browser_is_skipped_by_people_and_fails_in_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser here"):
        machine.do_without("no browser here")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no browser here"):
        machine.do_without("no browser here")
