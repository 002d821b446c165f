"""The benchmark of word vectors on a few articles: it runs through, and counts are as scipy's."""

import gzip
import json
from pathlib import Path

import pytest
import results
import words

ARTICLES = ["the king sat on a throne and the queen sat on a throne", "a man and a woman walk to a town"] * 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "simplewiki").mkdir()
    lines = (json.dumps({"id": str(row), "url": "", "title": "", "text": text}) for row, text in enumerate(ARTICLES))
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    (tmp_path / "simplewiki" / "simplewiki.jsonl.gz").write_bytes(packed)
    folder = tmp_path / "word-eval"
    folder.mkdir()
    for name in ("EN-WS-353-ALL.txt", "EN-MEN-TR-3k.txt", "EN-SIMLEX-999.txt"):
        (folder / name).write_text("king queen 9\nman woman 8\nking town 1\n")
    (folder / "questions-words.txt.gz").write_bytes(gzip.compress(b": family\nman king woman queen\n"))
    return tmp_path


def test_every_stage_runs_and_counts_agree(
    data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "ROUNDS", 1)
    kept = tmp_path / "found.json"
    words.main(["--data", str(data), "--k", "3", "--without-gensim", "--json", str(kept)])
    found = results.read(kept)
    ours, scipy = found["count"]["ours"]["quality"], found["count"]["scipy"]["quality"]
    assert scipy["different"] == 0 and ours["pairs"] == scipy["pairs"] and ours["sum"] == scipy["sum"]
    assert len(found["count"]["ours"]["seconds"]) == len(found["count"]["scipy"]["seconds"]) >= 3
    assert -1 <= found["text to vectors"]["ours"]["quality"]["WS-353"] <= 1
    shown = capsys.readouterr().out
    assert "16 articles" in shown and "count against scipy" in shown and "peak memory" in shown
