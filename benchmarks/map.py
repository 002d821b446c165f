"""The map page in Chromium with software WebGL, 1280 x 720: first picture, bytes sent, frames a second while panning.

`--url` is the map page of a running server. The first picture is when the points, the names and the legend are there.
Frames are counted for five seconds of panning, during which the page may draw a part of the points. The selection is a
square in the middle of the map, from the request to the last byte of the page with the list.
"""

from __future__ import annotations

import argparse
import shutil
import time
import urllib.request
from typing import Any

import results as written
from playwright.sync_api import sync_playwright

ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
SECONDS, SQUARE = 5, "26000,26000,40000,26000,40000,40000,26000,40000"
PAN = """seconds => new Promise(done => { const begin = performance.now(), first = semMap.frames(); let turn = 0;
  const step = () => { const now = performance.now() - begin; if (now > 1000 * seconds)
    return done((semMap.frames() - first) / seconds);
    semMap.pan(0.002 * Math.cos(turn), 0.002 * Math.sin(turn)); turn += 0.1;
    requestAnimationFrame(step); }; step(); })"""


def size_of(url: str) -> int:
    """The bytes of an answer, compressed as it is sent."""
    asked = urllib.request.Request(url, headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        return len(answer.read())


def measure(url: str) -> dict[str, Any]:
    """Seconds, bytes and frames of one map page."""
    with urllib.request.urlopen(f"{url}?polygon={SQUARE}"):
        pass  # reads the map into memory
    start = time.perf_counter()
    with urllib.request.urlopen(f"{url}.json?polygon={SQUARE}") as answer:
        answer.read()
    selection = time.perf_counter() - start
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(120_000)
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector("#sem-map[data-ready]", state="attached")
        first = time.perf_counter() - start
        page.evaluate(PAN, 2)  # the page finds how many points it can draw
        frames = page.evaluate(PAN, SECONDS)
        browser.close()
    return {
        "first_picture_seconds": round(first, 2),
        "frames_per_second": round(frames, 1),
        "point_bytes": size_of(f"{url}.bin"),
        "selection_seconds": round(selection, 3),
    }


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="the map page of a running server, such as …/wiki_lsa/map")
    written.add_option(parser, __file__)
    asked = parser.parse_args()
    found = measure(asked.url)
    print(", ".join(f"{name} {value:,}" for name, value in found.items()))
    if asked.json:
        written.write(asked.json, {"map": found}, argparse.Namespace())


if __name__ == "__main__":
    main()
