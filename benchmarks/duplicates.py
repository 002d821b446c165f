"""Near-duplicates planted among the articles of simplewiki: recall, precision and seconds.

2,000 articles of at least 20 words are copied, with 5 % of their words replaced by random words of the vocabulary. The
collection is built with defaults, and so is the search for duplicates. A pair with a copy is right if it is the copy
and its original. Pairs of articles that were similar before are counted separately.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

COPIES, SHARE, LEAST = 2_000, 0.05, 20


def with_copies(source: Path, limit: int | None, rng: random.Random) -> Iterator[dict[str, str]]:
    """Every article, then the copies, whose id is `copy-` and the original's."""
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        articles = [json.loads(line) for _, line in zip(range(limit or 10**9), lines, strict=False)]
    yield from ({"id": str(one["id"]), "text": one["text"]} for one in articles)
    vocabulary = sorted({word for one in articles[:5_000] for word in one["text"].split() if word.isalpha()})
    long = [one for one in articles if len(one["text"].split()) >= LEAST]
    for one in rng.sample(long, min(COPIES, len(long) // 10)):
        words = one["text"].split()
        for place in rng.sample(range(len(words)), round(SHARE * len(words))):
            words[place] = rng.choice(vocabulary)
        yield {"id": f"copy-{one['id']}", "text": " ".join(words)}


def semsearch(*arguments: str) -> tuple[str, float]:
    """Run a command; its output and seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "semsearch", *arguments], capture_output=True, text=True, check=True)
    return done.stdout, time.perf_counter() - start


def main() -> None:
    """Plant, build, ask, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, db = Path(folder) / "rows.jsonl", str(Path(folder) / "wiki.db")
        found = list(with_copies(options.data / "simplewiki/simplewiki.jsonl.gz", options.documents, random.Random(0)))
        rows.write_text("\n".join(map(json.dumps, found)))
        planted = {one["id"] for one in found if one["id"].startswith("copy-")}
        semsearch("ingest", "documents", db, "wiki", str(rows), "--id", "id", "--text", "text")
        _, building = semsearch("build", "lsa", db, "wiki")
        out, seconds = semsearch("duplicates", db, "wiki_lsa", "--json")
    pairs = [(pair["id"], pair["other"]) for pair in json.loads(out)]
    touching = [pair for pair in pairs if planted & set(pair)]
    right = [pair for pair in touching if f"copy-{pair[0]}" == pair[1] or f"copy-{pair[1]}" == pair[0]]
    print(f"documents {len(found):,}  planted {len(planted):,}  build {building:.1f} s  duplicates {seconds:.1f} s")
    print(f"recall {len(right) / len(planted):.4f}  precision {len(right) / max(1, len(touching)):.4f}")
    print(f"pairs of articles that were similar before: {len(pairs) - len(touching):,}")


if __name__ == "__main__":
    main()
