"""The benchmarks of graphs on small planted ones: they run through, and planted circles are told apart."""

import sys
from pathlib import Path

import graphs
import numpy as np
import pytest
import results
import scipy.io
import scipy.sparse as sp
import walks

N = 160


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two circles of eighty as BlogCatalog and as Cora."""
    rng = np.random.default_rng(0)
    of = np.arange(N) % 2
    upper = np.triu(rng.random((N, N)) < np.where(of[:, None] == of, 0.2, 0.01), 1)
    groups = sp.csc_matrix(of[:, None] == np.arange(2), dtype=float)
    (folder := tmp_path / "graphs").mkdir()
    scipy.io.savemat(
        folder / "blogcatalog.mat", {"network": sp.csc_matrix(upper | upper.T, dtype=float), "group": groups}
    )
    edges, everyone = np.stack(np.nonzero(upper), axis=1), np.arange(N)
    np.savez(folder / "cora.npz", edges=edges, labels=of, train_index=everyone[:20], test_index=everyone[20:])
    return tmp_path


def test_labels_and_splits_of_planted_circles_are_told(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "found.json"
    names = ["--graphs", "blogcatalog,cora", "--builders", "netmf,prone,deepwalk"]
    graphs.main(["--data", str(data), *names, "--shuffles", "2", "--json", str(kept)])
    found = results.read(kept)
    assert [row["builder"] for row in found["labels"]] == ["netmf", "prone", "deepwalk"]
    assert all(row["micro 50%"] > 90 and row["macro 90%"] > 90 for row in found["labels"])
    assert all(row["accuracy"] > 90 for row in found["planetoid"]) and len(found["planetoid"]) == 3


def test_hidden_links_are_found_and_nine_settings_tried(data: Path, tmp_path: Path, capsys) -> None:
    kept = tmp_path / "found.json"
    graphs.main(["--data", str(data), "--graphs", "blogcatalog", "--builders", "netmf", "--links", "--json", str(kept)])
    (vectors, *heuristics) = results.read(kept)["links"]
    assert vectors["by"] == "vectors" and len(heuristics) == 2
    assert vectors["AUC"] > 0.7  # 0.75 is the best there is: half of all pairs without an edge are in one circle
    graphs.main(["--data", str(data), "--graphs", "blogcatalog", "--pq", "--shuffles", "1"])
    assert capsys.readouterr().out.count("node2vec p=") == 9


def test_walks_are_timed_beside_lists_and_a_file_is_made(tmp_path: Path) -> None:
    kept = tmp_path / "found.json"
    small = ["--nodes", "600", "--edges", "3000", "--json", str(kept)]
    walks.main([*small, "--rounds", "1"])
    found = {row["what"]: row for row in results.read(kept)["compared"]}
    ours, lists = found["uniform, ours"], found["uniform, Python lists"]
    assert ours["ours is"] == 1
    assert lists["ours is"] == pytest.approx(ours["per second"] / lists["per second"], rel=0.05)  # both rounded
    walks.main([*small, "--large"])
    large = results.read(kept)["large"]
    assert [row["what"] for row in large] == [
        "ingest edges",
        "sqlite-utils insert --csv",
        "build prone",
        "build deepwalk",
    ]
    assert all(row["edges per processor s"] == pytest.approx(row["edges"] / row["processor s"]) for row in large)


def test_the_power_law_graph_is_simple_symmetric_and_the_same_each_time() -> None:
    A = walks.power_law(5000, 10_000)
    assert A.nnz == 20_000 and (A != A.T).nnz == 0 and not A.diagonal().any() and (A.data == 1).all()
    assert (walks.power_law(5000, 10_000) != A).nnz == 0
    assert np.diff(A.indptr).max() > 10 * np.median(np.diff(A.indptr))


def test_node2vec_is_judged_beside_pecanpy_where_there_is_one(data: Path, tmp_path: Path) -> None:
    peer = tmp_path / "peer.py"  # answers as PecanPy's environment would, with vectors of the circles themselves
    code = (
        f"#!{sys.executable}\nimport sys, numpy as np\nof = np.arange({N}) % 2\n"
        "np.savez(sys.argv[4], vectors=np.eye(2, dtype='f')[of], nodes=np.arange(len(of)).astype(str))\n"
        "print(0.5)\n"
    )
    peer.write_text(code)
    peer.chmod(0o755)
    kept = tmp_path / "found.json"
    walks.main(["--data", str(data), "--peer", str(peer), "--length", "10", "--json", str(kept)])
    ours, theirs = results.read(kept)["blogcatalog"]
    assert theirs["s"] == 0.5 and theirs["micro 50%"] == 100 and ours["micro 50%"] > 90
