"""The benchmark of labels on a few made-up sentences: it runs through, and finds what was planted."""

import gzip
import json
from pathlib import Path

import pytest
import results
import sentiment
import sets

GOOD, BAD = ("lovely", "fine", "bright"), ("awful", "dull", "grey")


def sentence(row: int) -> str:
    word = (GOOD if row % 2 else BAD)[row % 3]
    return f"{row % 2} the {word} film with a {word} plot number {row}"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sentiment").mkdir()
    lines = "".join(f"{sentence(row)}\n" for row in range(240))
    (tmp_path / "sentiment" / "rt-polarity.all.gz").write_bytes(gzip.compress(lines.encode("latin-1")))
    (tmp_path / "simplewiki").mkdir()
    wiki = (json.dumps({"id": str(row), "title": "", "text": sentence(row)[2:]}) for row in range(240))
    (tmp_path / "simplewiki" / "simplewiki.jsonl").write_text("".join(f"{line}\n" for line in wiki))
    monkeypatch.setitem(sentiment.COUNTS, "MR", 240)
    monkeypatch.setattr(sentiment, "SEEDS", 2)
    return tmp_path


def test_planted_labels_are_found_by_every_way(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = data / "found.json"
    asked = ["--data", str(data), "--sets", "MR", "--without-newsgroups", "--json", str(kept)]
    with pytest.raises(SystemExit):
        sentiment.main(asked)
    scores = results.read(kept)["MR"]
    assert {"lsa", sentiment.BAG} <= set(scores)
    assert all(score["all"] > 90 for score in scores.values())
    assert all(scores[name]["100"] > 80 for name in ("lsa", "mean", "joined", sentiment.BAG))
    assert {"100 suggested", "better", "error"} <= set(scores["lsa"])
    assert "Accuracy, 100 suggested" in capsys.readouterr().out


def test_a_set_that_is_not_as_published_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sentiment.COUNTS, "MR", 10_662)
    with pytest.raises(sets.SetError, match="MR has 240 sentences; published: 10662"):
        sentiment.load("MR", data)
