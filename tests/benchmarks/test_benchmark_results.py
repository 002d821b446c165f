"""What scripts measure is kept part by part, with where and when, and without a path of the machine."""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pytest
import results


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
