"""serve says where its search pages are before Datasette takes over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from datasette.cli import cli as datasette

from semsearch.storage.driver import Connection

BELOW = "/-/semsearch under the address below"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "http://127.0.0.1:8001/-/semsearch"),
        (["-p", "8123", "--host", "0.0.0.0"], "http://0.0.0.0:8123/-/semsearch"),
        (["--host", "::1"], "http://[::1]:8001/-/semsearch"),
        (["--setting", "base_url", "/prefix/"], "http://127.0.0.1:8001/prefix/-/semsearch"),
        (["-p", "0"], BELOW),
        (["--uds", "/tmp/socket"], BELOW),
        (["-p", "many"], BELOW),
    ],
    ids=str,
)
def test_serve_says_the_whole_address(
    run: Callable[..., Result],
    path: str,
    db: Connection,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    said: str,
) -> None:
    given = []
    monkeypatch.setattr(datasette, "main", lambda args, prog_name: given.append(args))
    done = run("serve", path, *options)
    assert done.exit_code == 0, done.output
    assert f"The search pages are at {said} (Ctrl-C stops the server)" in done.stderr
    assert given == [["serve", path, *options]]
