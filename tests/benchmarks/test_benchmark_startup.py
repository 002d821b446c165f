"""The benchmark of start-up runs on a few articles, and writes what it measured."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import results
import startup


def test_commands_take_turns_and_are_written(tmp_path: Path) -> None:
    (tmp_path / "simplewiki").mkdir()
    words = ("harbour", "music", "moon", "earth", "tea", "house", "river", "stone")
    with gzip.open(tmp_path / "simplewiki" / "simplewiki.jsonl.gz", "wt", encoding="utf-8") as file:
        for at in range(60):
            text = " ".join(words[(at * step) % 8] for step in range(1, 30))
            file.write(json.dumps({"id": at, "url": "", "title": f"Article {at}", "text": text}) + "\n")
    kept = tmp_path / "found.json"
    startup.main(["--data", str(tmp_path), "--documents", "60", "--rounds", "1", "--json", str(kept)])
    found = {row["command"]: row["processor s"] for row in results.read(kept)["60 documents"]}
    assert set(found) >= {"semsearch --help", "semsearch search", "sqlite-vec script", "python -c pass"}
    assert all(seconds > 0 for seconds in found.values())
