"""Pages that compute for seconds: a computation is cancelled when its clients have disconnected."""

from __future__ import annotations

import asyncio
from threading import Event
from time import monotonic

import pytest
from semsearch_datasette import result_cache
from semsearch_datasette.pages import duplicates_page, labels_page

from semsearch.errors import SemsearchError
from semsearch.stopping import StoppedError, check_stopped
from tests.datasette.pages import ARTICLES

DUPLICATES = "/library/-/semsearch/articles_lsa/duplicates"


class Visitor:
    """A request whose visitor leaves when told to, as a server tells it."""

    def __init__(self, site, path, query=""):
        self.left = asyncio.Event()
        self.status = None
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(b"host", b"localhost")], "http_version": "1.1", "scheme": "http", "root_path": "",
            "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        }  # fmt: skip
        self.task = asyncio.ensure_future(site.datasette.app()(scope, self.receive, self.send))
        self.asked = False

    async def receive(self):
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]


@pytest.fixture
def slow(monkeypatch):
    """Comparing pairs takes until it is stopped, at most ten seconds; the thresholds that were begun and stopped."""
    began, stopped = [], []

    def compare(conn, opened, *, threshold, **options):
        began.append(threshold)
        end = monotonic() + 10
        while monotonic() < end:
            try:
                check_stopped()
            except StoppedError:
                stopped.append(threshold)
                raise
            Event().wait(0.005)
        return []

    monkeypatch.setattr(duplicates_page.engine, "duplicates", compare)
    return began, stopped


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_cancelled_computations_do_not_delay_the_next_request(site, slow):
    began, stopped = slow
    assert site.get(f"{ARTICLES}/labels?label=theme&k=1").status_code == 200  # so that modules are loaded

    async def visits():
        visitors = [Visitor(site, DUPLICATES, f"threshold=0.{number}") for number in range(60, 66)]
        await until(lambda: began and all(visitor.asked for visitor in visitors))
        for visitor in visitors:
            visitor.left.set()
        clock = monotonic()
        answer = await site.datasette.client.get(f"{ARTICLES}/labels?label=theme&k=20")
        assert answer.status_code == 200 and monotonic() - clock < 5  # far from ten seconds each
        await asyncio.wait([visitor.task for visitor in visitors])
        await until(lambda: stopped == began)

    site.call(visits())
    assert len(began) < 6  # those in the queue were never begun


def test_who_stays_gets_the_result_when_another_leaves(site, monkeypatch):
    go = Event()
    counted = []

    def compare(conn, opened, *, threshold, **options):
        counted.append(threshold)
        while not go.is_set():
            check_stopped()
            Event().wait(0.005)
        return []

    monkeypatch.setattr(duplicates_page.engine, "duplicates", compare)

    async def visits():
        leaving, staying = (Visitor(site, DUPLICATES, f"threshold=0.70000{number}") for number in range(2))
        await until(lambda: counted and leaving.asked and staying.asked)
        leaving.left.set()
        await leaving.task
        go.set()
        await staying.task
        return staying.status

    assert site.call(visits()) == 200
    assert counted == [0.7]  # arguments that differ in the sixth decimal are one computation


def test_the_queue_is_bounded(site, slow, monkeypatch):
    monkeypatch.setattr(result_cache, "MAX_WAITING", 2)

    async def visits():
        visitors = [Visitor(site, DUPLICATES, f"threshold=0.{number}") for number in range(60, 66)]
        await until(lambda: sum(visitor.status == 503 for visitor in visitors) == 3)
        for visitor in visitors:
            visitor.left.set()
        await asyncio.wait([visitor.task for visitor in visitors])

    site.call(visits())


def test_numbers_of_suggestions_share_a_computation(site, monkeypatch):
    learned = []
    learn = labels_page._learn
    monkeypatch.setattr(labels_page, "_learn", lambda *given: learned.append(given[-1]) or learn(*given))
    for k in (1, 2, 3, 9, 10, 11, 12, 50):
        assert site.get(f"{ARTICLES}/labels?label=theme&k={k}").status_code == 200
    assert learned == [10, 50]


def test_an_error_while_a_template_is_filled_is_one_of_the_page(site, monkeypatch):
    """It is raised after the page's function has returned."""

    def fail(*arguments):
        raise SemsearchError("the context says no")

    monkeypatch.setattr(duplicates_page, "frame", fail)
    for path, status in ((DUPLICATES, 500), (f"{DUPLICATES}.json", 200)):
        answer = site.get(path)
        assert answer.status_code == status
    assert "the context says no" in site.get(DUPLICATES).text
