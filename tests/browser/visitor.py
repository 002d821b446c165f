"""A visitor's pages, and what went wrong on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WIDTH = {"width": 1280, "height": 720}  # pixels of a page where a test asks for none


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
        if not idle:
            return key, self.contexts[key].new_page()
        page = idle.pop()
        page.set_viewport_size(options.get("viewport", WIDTH))
        return key, page

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
