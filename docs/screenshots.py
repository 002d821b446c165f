"""Makes the pictures of README.md and docs/tour.md from the demo: `make screenshots`.

    python -m docs.screenshots DEMO_DB

Serves the file with `semsearch serve` and photographs its pages with the Chromium (or Chrome) of this machine, each at
the size of a window, not the whole page. The browser is the one that tests/browser drives.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import semsearch
from tests.browser.machine import ARGUMENTS, find_browser, serving

DOCS = Path(__file__).parent
WINDOW = {"width": 1200, "height": 860}
PHONE = {"width": 360, "height": 720}
COLOURS = 96  # text on a plain ground needs few: the files shrink to a third
LIMIT = 150_000  # bytes a picture may take in the repository
PAGES = "/-/semsearch/docs_lsa"
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "search": (f"{PAGES}?q=compress+a+file", {"viewport": WINDOW}),
    "topics": (f"{PAGES}/components", {"viewport": WINDOW}),
    "why": (f"{PAGES}?q=open+a+web+page&mode=vector&explain=1", {"viewport": WINDOW}),
    "item": (f"{PAGES}?q=random+sample", {"viewport": WINDOW}),
    "dark": (f"{PAGES}?q=send+an+email+message", {"viewport": WINDOW, "color_scheme": "dark"}),
    "map": (f"{PAGES}/map", {"viewport": WINDOW}),
    "phone": (f"{PAGES}?q=compress+a+file", {"viewport": PHONE, "device_scale_factor": 2}),
}


def small_png(picture: bytes) -> bytes:
    """The same picture with a palette, as small as PNG makes it."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as full:
        palette = full.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(demo: Path) -> None:
    """Photograph each page of PICTURES into docs/NAME.png."""
    path = find_browser()
    if path is None:
        sys.exit("No Chromium on this machine: install chromium (on Debian: apt-get install chromium)")
    if not demo.exists():
        sys.exit(f"{demo} is not there: make it with `semsearch demo {demo}`")
    with semsearch.open(demo) as db:
        db.map("docs_lsa")
    with (
        TemporaryDirectory() as folder,
        serving(demo.resolve(), Path(folder) / "log") as base,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for name, (where, options) in PICTURES.items():
            page = browser.new_page(**options)
            page.goto(f"{base}/{demo.stem}{where}")
            if name == "item":
                page.locator(".sem-card h3 a").first.click()
            if name == "map":
                page.wait_for_timeout(2000)  # the points are drawn when they have arrived
            page.evaluate("document.activeElement.blur()")  # no focus ring in the picture
            picture = small_png(page.screenshot())
            if len(picture) > LIMIT:
                sys.exit(f"{name}.png would take {len(picture):,} bytes, over the limit of {LIMIT:,}")
            (DOCS / f"{name}.png").write_bytes(picture)
            print(f"{name}.png: {len(picture):,} bytes")
            page.close()
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
