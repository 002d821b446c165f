"""The short form of the canary crawl (tests/torture/canary.py)."""

from __future__ import annotations

import pytest

from tests.torture import canary


@pytest.mark.parametrize("moved", [False, True], ids=["as built", "names moved"])
def test_no_token_of_a_restricted_place_is_told(tmp_path, moved):
    count = canary.run(tmp_path, moved=moved, short=True)
    assert count.asked > 100
    assert count.leaks == [] and count.failures == []
