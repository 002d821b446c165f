"""What scripts measure is kept part by part, with where and when, and without a path of the machine."""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pytest
import results

README = Path(results.__file__).parent / "README.md"


def test_parts_keep_their_own_head_and_no_path(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    results.add_option(parser, "/somewhere/faces.py")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--peer")
    parser.add_argument("--k", type=int)
    kept = tmp_path / "new" / "faces.json"
    asked = parser.parse_args(
        ["--data", str(tmp_path), "--peer", f"{tmp_path}/python", "--k", "3", "--json", str(kept)]
    )
    results.write(kept, {"faces": {"mean": np.float64(0.5)}, "time": 1.0}, asked)
    results.write(kept, {"time": 2.0}, asked)
    assert results.read(kept) == {"faces": {"mean": 0.5}, "time": 2.0}
    found = json.loads(kept.read_text())["time"]
    assert found["arguments"] == {"k": 3} and found["date"] and found["device"] and found["versions"]["numpy"]
    assert str(tmp_path) not in kept.read_text()


def test_without_a_file_it_goes_beside_the_scripts() -> None:
    parser = argparse.ArgumentParser()
    results.add_option(parser, "/somewhere/faces.py")
    assert parser.parse_args(["--json"]).json == Path(results.__file__).parent / "results" / "faces.json"
    assert parser.parse_args([]).json is None


@pytest.mark.parametrize("script", sorted(results.FOLDER.glob("*.json")), ids=lambda path: path.name)
def test_kept_results_name_no_folder_of_a_machine(script: Path) -> None:
    assert not re.search(r'"(/|[A-Z]:)', script.read_text())


# A row of the table of results, and where results/ holds its figures: file, part, path, factor, digits.
FIGURES = [
    ("ranking, 11-pt | MED", "unseen", "unseen", (0, "modes", "hybrid", "p11"), 1, 3),
    ("ranking, 11-pt | XQuAD hi", "unseen", "unseen", (10, "modes", "hybrid", "p11"), 1, 3),
    ("ranking, nDCG@10", "unseen", "unseen", (7, "modes", "hybrid", "ndcg_at_10"), 1, 3),
    ("text to vectors, `pmi`", "words", "text to vectors", ("ours", "quality", "WS-353"), 1, 3),
    ("text to vectors, `pmi`", "words", "text to vectors", ("gensim", "quality", "MEN"), 1, 3),
    ("text to vectors, `pmi`", "words", "text to vectors", ("gensim", "quality", "SimLex"), 1, 3),
    ("text to vectors, `sgns`", "training", "words", ("sgns", "quality", "Google mul, top 30,000"), 100, 1),
    ("text to vectors, `sgns`", "training", "words", ("gensim", "quality", "SimLex"), 1, 3),
    ("text to vectors, `glove`", "training", "words", ("glove", "quality", "MEN"), 1, 3),
    ("`glove`, 25 epochs, GPU", "gpu", "glove on cuda", ("fit", "seconds_training"), 1, 1),
    ("node labels, `netmf` | BlogCatalog", "graphs", "labels_default_windows_10_shuffles", (0, "micro 50%"), 1, 1),
    ("node labels, `netmf` | PPI", "graphs", "labels_default_windows", (2, "micro 90%"), 1, 1),
    ("node labels, `prone` | BlogCatalog", "graphs", "labels", (0, "micro 10%"), 1, 1),
    ("random walks", "walks", "compared", (5, "ours is"), 1, 1),
    ("node2vec, end to end", "walks", "blogcatalog", (1, "micro 50%"), 1, 1),
    ("topics, NPMI", "topics", "topics", ("lowest NPMI",), 1, 3),
    ("clusters, adjusted", "topics", "topics", ("ARI",), 1, 3),
    ("edited and cut", "topics", "topics", ("precision",), 1, 3),
    ("all labels | MR", "sentiment", "MR", ("joined", "all"), 1, 1),
    ("100 labels | MR", "sentiment", "MR", ("bag of words", "100"), 1, 1),
    ("100 labels | TREC", "sentiment", "TREC", ("mean", "100"), 1, 1),
    ("PCA, k = 64", "images", "factoring", ("mnist", "scikit-learn", "seconds"), 1, 2),
    ("face recognition", "images", "faces", ("60", "mean"), 1, 3),
    ("autoencoder, 32 numbers", "autoencoder", "loss", ("dim 32", "autoencoder"), 1, 5),
    ("autoencoder, 32 numbers", "autoencoder", "probe", ("fashion-mnist", "autoencoder"), 1, 4),
    ("self-supervised features, GPU", "selfsupervised", "cifar10 on a GPU, 310 s contrastive", ("linear",), 100, 1),
    ("self-supervised features | CIFAR-10", "selfsupervised", "cifar10 6 min plain", ("linear",), 100, 1),
    ("generated images | MNIST", "gan", "mnist", ("rows", "gan", "frechet"), 1, 1),
    ("generated images, GPU", "gan", "colour", ("rows", "DCGAN", "frechet"), 1, 1),
    ("SVD of 10⁸ non-zeros", "gpu", "svd on cuda", ("seconds", 1), 1, 2),
]


@pytest.mark.parametrize(("row", "file", "part", "path", "factor", "digits"), FIGURES)
def test_the_table_of_results_agrees_with_what_was_measured(
    row: str, file: str, part: str, path: tuple[str | int, ...], factor: float, digits: int
) -> None:
    value = results.read(results.FOLDER / f"{file}.json")[part]
    for step in path:
        value = value[step]
    line = next(line for line in README.read_text().splitlines() if line.startswith(f"| {row}"))
    figures = [float(number.replace(",", "")) for number in re.findall(r"[\d,]*\.\d+", line)]
    assert any(abs(figure - value * factor) <= 0.5001 * 10**-digits for figure in figures), value
