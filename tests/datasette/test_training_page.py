"""The curves of a training that runs: written by the journal at a bounded rate, shown to those who see the table."""

from __future__ import annotations

import json
import os
import time

from semsearch.building import journal
from semsearch.building.journal import RunJournal
from semsearch.storage import checkpoints, connect
from tests.datasette.pages import configured, ours

PAGE = "/library/-/semsearch-training"
TOLD = {"collection": "articles_gan", "dataset": "articles", "builder": "gan"}


def train(library: str, monkeypatch, *, seconds: float = 0.0) -> RunJournal:
    """A journal after three steps, which writes its progress at most every so many seconds."""
    monkeypatch.setattr(journal, "PROGRESS_SECONDS", seconds)
    with connect.reading(library) as db:
        path = checkpoints.path_for(db, "articles_gan")
    made = RunJournal(lambda *_, **__: None, path, {}, told_as=TOLD)
    for step, loss in enumerate((0.5, 0.25, 0.125), 1):
        made(step, 10, loss=loss)
    return made


def test_a_running_training_is_shown_with_its_curve(site, library, monkeypatch):
    assert "No training is running" in ours(site.get(PAGE).text)
    made = train(library, monkeypatch)
    told = site.get(f"{PAGE}.json").json()["trainings"]
    assert [each | {"silent_seconds": 0} for each in told] == [
        TOLD
        | {
            "step": 3,
            "total": 10,
            "curve": [{"step": step, "loss": loss} for step, loss in ((1, 0.5), (2, 0.25), (3, 0.125))],
            "silent_seconds": 0,
        }
    ]
    page = ours(site.get(PAGE).text)
    assert "step 3 of 10" in page and "<polyline" in page and "30 %" in page and "style=" not in page
    assert "live.js" in site.get(PAGE).text and PAGE in ours(site.get("/-/semsearch").text)
    made.done()
    assert site.get(f"{PAGE}.json").json()["trainings"] == [] and not os.path.exists(f"{library}.semsearch")
    assert PAGE not in ours(site.get("/-/semsearch").text)


def test_progress_is_written_at_a_bounded_rate(library, monkeypatch):
    train(library, monkeypatch, seconds=60.0)
    assert not os.path.exists(f"{library}.semsearch")


def test_silent_and_damaged_files_are_left_out(site, library, monkeypatch):
    path = checkpoints.progress_path(train(library, monkeypatch).path)
    before = time.time() - checkpoints.MAX_SILENCE - 5
    os.utime(path, (before, before))
    assert site.get(f"{PAGE}.json").json()["trainings"] == []
    path.write_text("{")
    assert site.get(f"{PAGE}.json").json()["trainings"] == []


def test_only_those_who_see_the_table_see_its_training(library, make_site, monkeypatch):
    train(library, monkeypatch)
    site = make_site(
        library, **configured({"databases": {"library": {"tables": {"articles": {"allow": {"id": "owner"}}}}}})
    )
    assert "articles_gan" not in site.get(PAGE).text and "articles_gan" not in site.get(f"{PAGE}.json").text
    assert PAGE not in site.get("/-/semsearch").text
    owner = site.as_actor("owner")
    assert json.loads(site.get(f"{PAGE}.json", **owner).text)["trainings"][0]["collection"] == "articles_gan"
    assert site.get(PAGE, **owner).headers["cache-control"].startswith("private")
