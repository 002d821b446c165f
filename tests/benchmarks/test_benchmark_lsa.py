"""The stages of the LSA benchmark on a few articles: ours and the peers count the same words."""

import gzip
import json
from pathlib import Path

import lsa
import pytest
import stages

ARTICLES = (
    "April is the fourth month of the year. April has 30 days.",
    "August is the eighth month; it has 31 days, and the ＡＵＧＵＳＴ moon.",
    "Art is made by people: a painting, a song. Café and naïve_art.",
    "A painting of the moon and of days and months of the year.",
    "A song of April, a song of August: people made art.",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "simplewiki").mkdir()
    lines = (json.dumps({"id": str(row), "url": "", "title": "", "text": text}) for row, text in enumerate(ARTICLES))
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    (tmp_path / "simplewiki" / "simplewiki.jsonl.gz").write_bytes(packed)
    assert lsa.write_texts(tmp_path, None, tmp_path) == len(ARTICLES)
    return tmp_path


def test_a_limit_takes_the_first_articles(folder: Path) -> None:
    assert lsa.write_texts(folder, 2, folder) == 2
    assert stages.read_texts(folder) == list(ARTICLES[:2])


def test_our_stages_follow_each_other(folder: Path) -> None:
    counted = lsa.stage("count", "ours", folder, 2)
    assert len(counted["seconds"]) == stages.REPETITIONS
    assert counted["peak"] > 1e6
    weighed = lsa.stage("weigh", "ours", folder, 2)
    assert weighed["quality"]["mean length"] == pytest.approx(1.0, abs=1e-5)
    factored, reference = (lsa.stage("factor", library, folder, 2)["quality"] for library in ("ours", "reference"))
    assert factored["energy"] == pytest.approx(reference["energy"], rel=1e-4)
    assert "ours" in lsa.table({"weigh": {"ours": weighed}})


@pytest.mark.parametrize("library", ["scikit-learn", "gensim"])
def test_peers_count_the_same_words(library: str, folder: Path) -> None:
    pytest.importorskip("sklearn" if library == "scikit-learn" else library)
    ours = lsa.stage("count", "ours", folder, 2)["quality"]
    assert lsa.stage("count", library, folder, 2)["quality"] == ours


def test_ascii_texts_count_the_same_in_both_without_normalising(folder: Path) -> None:
    found = lsa.stage("ascii", "in turn", folder, 2)
    ours, peer = (found["quality"][library] for library in ("ours", "scikit-learn"))
    assert ours == peer and ours["tokens"] > 30
    assert len(found["seconds"]["ours"]) == len(found["seconds"]["scikit-learn"]) >= 3


def test_text_to_file_is_timed_as_a_whole(folder: Path) -> None:
    found = lsa.stage("pipeline", "ours", folder, 2)
    assert found["quality"]["file MB"] > 0.1 and found["peak"] > 2e7
    assert (folder / "pipeline.db").exists()


def test_a_library_that_is_not_there_is_said() -> None:
    shown = lsa.table(
        {"count": {"ours": {"seconds": [1.0], "peak": 1e6, "quality": {}}, "gensim": {"missing": "gensim"}}}
    )
    assert "gensim is not installed" in shown
