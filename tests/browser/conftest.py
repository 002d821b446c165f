"""A real browser, and a real server over a small planted file that the real commands built.

The browser is the Chromium (or Chrome) that is on the machine: nothing is downloaded. A person without one sees these
tests skipped with the reason; where CI is set a missing browser is a failure.
"""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import conftest as topics
from tests.browser.machine import ARGUMENTS, SEMSEARCH, find_browser, serving
from tests.builders.test_pca import shapes

INSTALL = "install chromium (on Debian: apt-get install chromium)"

# What pages must bear on a phone: a word, a URL and a number too long for the line.
SPACE = (
    *topics.SPACE,
    (
        "Raumfahrtbegeisterungsveranstaltungsorganisationskomitee",
        "astronauts wrote https://example.org/" + "launch-pad-and-orbit/" * 12 + " about the moon and a rocket",
    ),
)
BREAD = (
    *topics.BREAD,
    ("Recipe", "dough " + "flourandwater" * 20 + " baked in the oven with yeast and " + "9" * 90),
)


HUB = "Hub"  # knows more people than a picture holds


def acquaintances() -> list[tuple[str, str]]:
    """Four circles of thirty, whose names are long, and someone who knows everybody."""
    names = [f"Person-{number:03} of the circle {number % 4}" for number in range(120)]
    known = [(names[at], names[(at + step) % 120]) for at in range(120) for step in (4, 8, 20)]
    return [*known, *((HUB, name) for name in names), (names[1], names[2])]


def do_without(reason: str) -> None:
    """Skip, saying why; where CI is set nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI must run the browser tests", pytrace=False)
    pytest.skip(f"{reason}; the pages are not looked at, all else is tested")


# One browser a module, not one a session: while Playwright's loop runs no other test could run a loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        do_without("Playwright is not installed: pip install 'semsearch[test]'")
    path = find_browser()
    if path is None:
        do_without(f"no Chromium on this machine: {INSTALL}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


class Pages:
    """Pages of one browser, used again where the options agree: a new one starts a process, which takes the longest."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.contexts: dict[str, Any] = {}
        self.idle: dict[str, list[Any]] = {}

    def take(self, options: dict[str, Any]) -> tuple[str, Any]:
        """The key of a context with these options, and a page of it that no other visitor uses."""
        key = repr(sorted(options.items()))
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(**options)
        idle = self.idle.setdefault(key, [])
        return key, idle.pop() if idle else self.contexts[key].new_page()

    def give_back(self, key: str, page: Any) -> None:
        """Make the page free for the next visitor."""
        self.idle[key].append(page)

    def close(self) -> None:
        for context in self.contexts.values():
            context.close()


class Visitor:
    """Opens pages of one server and remembers what went wrong on them."""

    def __init__(self, pages: Pages, base: str) -> None:
        self.pages, self.base = pages, base
        self.wrong: list[str] = []
        self.requests: list[str] = []
        self.used: list[tuple[str, Any]] = []
        self.listeners: dict[str, Callable[[Any], None]] = {
            "console": self._logged,
            "pageerror": lambda error: self.wrong.append(str(error)),
            "request": lambda request: self.requests.append(request.url),
            "requestfailed": self._failed,
        }

    def open(self, path: str, **options: Any) -> Any:
        """A page at this path; `options` are those of Playwright's contexts (viewport, color_scheme, …)."""
        key, page = self.pages.take(options)
        self.used.append((key, page))
        page.set_default_timeout(10_000)
        for event, listener in self.listeners.items():
            page.on(event, listener)
        page.goto(self.base + path)
        return page

    def _logged(self, message: Any) -> None:
        if message.type == "error":
            self.wrong.append(message.text)

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # which is what the next click does to a page still loading
            self.wrong.append(f"{request.failure}: {request.url}")

    def elsewhere(self) -> list[str]:
        """Requests that left the server."""
        return [url for url in self.requests if not url.startswith((self.base + "/", "data:"))]

    def close(self) -> None:
        for key, page in self.used:
            for event, listener in self.listeners.items():
                page.remove_listener(event, listener)
            self.pages.give_back(key, page)

    def check(self) -> None:
        """Fails where a page logged an error or asked another host for anything."""
        assert self.requests
        assert self.wrong == []
        assert self.elsewhere() == []


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
    with (folder / "articles.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("title", "body", "theme"))
        writer.writerows((*row, "space") for row in SPACE)
        writer.writerows((*row, "bread") for row in BREAD)
    _run(folder, "ingest", "documents", "library.db", "articles", "articles.csv", "--text", "body", "--title", "title")
    _run(folder, "build", "lsa", "library.db", "articles", "--dim", "7")
    _run(folder, "cluster", "library.db", "articles_lsa", "--clusters", "3")
    (folder / "edges.csv").write_text("\n".join(f"{one},{other},1" for one, other in acquaintances()))
    _run(folder, "ingest", "edges", "library.db", "people", "edges.csv", "--directed")
    _run(folder, "build", "netmf", "library.db", "people", "--dim", "8")
    pixels, kinds = shapes(40, 12)
    np.savez(folder / "shapes.npz", images=pixels, labels=kinds)
    _run(folder, "ingest", "images", "library.db", "shapes", "shapes.npz")
    _run(folder, "build", "pca", "library.db", "shapes", "--dim", "6")
    if find_spec("torch"):
        _run(folder, "build", "rotation", "library.db", "shapes", "--epochs", "2", "--width", "4")
    with serving(folder / "library.db", folder / "log") as address:
        yield address


def _run(folder: Path, *arguments: str) -> None:
    done = subprocess.run([*SEMSEARCH, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
