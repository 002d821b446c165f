"""Builds the wheel, installs it into an empty environment outside the checkout, and uses it as a person would.

Run by `make test-install`, which is not part of the suite: it installs all dependencies anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    {"title": "Apollo", "body": "the rocket left its launch pad and astronauts reached orbit"},
    {"title": "Shuttle", "body": "astronauts circled in orbit after launch"},
    {"title": "Rye", "body": "rye flour makes a heavy dough that bakers leave to rise"},
    {"title": "Brioche", "body": "butter enriches the dough that bakers bake"},
]
INSIDE = (
    "semsearch/cli/main.py",
    "semsearch_migrations/migrations.py",
    "semsearch_datasette/__init__.py",
    "semsearch/py.typed",
)
PAGE = """
import asyncio, sys
from datasette.app import Datasette
async def main():
    app = Datasette([sys.argv[1]])
    page = await app.client.get("/x/-/semsearch/news_lsa?q=space+launch")
    twin = await app.client.get("/x/-/semsearch/news_lsa.json?q=space+launch")
    static = await app.client.get("/-/semsearch")
    assert page.status_code == 200 and "Apollo" in page.text, page.text[:2000]
    assert static.status_code == 200 and "news_lsa" in static.text
    print(twin.json()["hits"][0]["row"]["title"])
asyncio.run(main())
"""


def said(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout; its standard output."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Wheel, empty environment, ingest, build, search, one page."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        said(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ROOT, cwd=place)
        wheel = next(place.glob("datasette_semsearch-*.whl"))
        size = wheel.stat().st_size
        names = zipfile.ZipFile(wheel).namelist()
        assert all(name in names for name in INSIDE), names
        assert any(name.endswith(".html") for name in names) and not any(name.startswith("tests") for name in names)
        venv.create(place / "env", with_pip=True)
        tools = place / "env" / ("Scripts" if os.name == "nt" else "bin")
        said(tools / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=place)
        (place / "news.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
        said(tools / "semsearch", "ingest", "documents", "x.db", "news", "news.jsonl", cwd=place)
        said(tools / "semsearch", "build", "x.db", "news", cwd=place)
        hits = json.loads(said(tools / "semsearch", "search", "x.db", "news_lsa", "space launch", "--json", cwd=place))
        assert hits[0]["row"]["title"] in ("Apollo", "Shuttle"), hits
        assert said(tools / "python", "-c", PAGE, "x.db", cwd=place).strip() == hits[0]["row"]["title"]
        said(tools / "semsearch", "doctor", "x.db", cwd=place)
        nearest = "select count(*) from news_lsa where embedding match semsearch_embed('news_lsa', 'dough') and k = 2"
        counted = said(tools / "sqlite-utils", "x.db", nearest, cwd=place)
        assert json.loads(counted)[0]["count(*)"] == 2
    print(f"wheel of {size / 1e6:.2f} MB: ingest, build, search, page, SQL: 5 passed, 0 failed")


if __name__ == "__main__":
    main()
