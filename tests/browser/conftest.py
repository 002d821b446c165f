"""A real browser, and a real server over a small planted file that the real commands built.

The browser is the Chromium (or Chrome) that is on the machine: nothing is downloaded. A person without one sees these
tests skipped with the reason; where CI is set a missing browser is a failure.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.library import build_library
from tests.browser.machine import ARGUMENTS, INSTALL, do_without, find_browser, serving
from tests.browser.visitor import Pages, Visitor
from tests.helpers import built_once


# One browser a module, not one a session: while Playwright's loop runs no other test could run a loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        do_without("Playwright is not installed: pip install 'datasette-semsearch[test]'")
    path = find_browser()
    if path is None:
        do_without(f"no Chromium on this machine: {INSTALL}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(browser: Any) -> Iterator[Pages]:
    """The pages of that browser."""
    opened = Pages(browser)
    yield opened
    opened.close()


@pytest.fixture
def visitor(pages: Pages, server: str) -> Iterator[Visitor]:
    """A visitor; whatever the test, its pages may log no error and ask no other host for anything."""
    made = Visitor(pages, server)
    yield made
    made.close()
    made.check()


@pytest.fixture
def open_page(visitor: Visitor) -> Callable[..., Any]:
    """Opens a path of the server: `open_page("/-/semsearch", color_scheme="dark")`."""
    return visitor.open


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `semsearch serve` over a file with a table `articles`, stopped at the end."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(built_once(tmp_path_factory, "browser", build_library) / "library.db", folder)
    with serving(folder / "library.db", folder / "log") as address:
        yield address
