"""The texts of errors about values out of range, as the command line, SQL and pages show them."""

import pytest

from semsearch.errors import as_argument, not_a_choice, out_of_range


@pytest.mark.parametrize(
    ("bounds", "value", "text"),
    [
        ({"least": 0, "most": 1}, 7, "--x must be between 0 and 1, not 7"),
        ({"least": 1}, 0, "--x must be at least 1, not 0"),
        ({"above": 0, "below": 1}, 1.5, "--x must be above 0 and below 1, not 1.5"),
        ({"above": 0, "most": 2}, float("nan"), "--x must be above 0 and at most 2, not nan"),
        ({"least": 1, "most": 4096, "of": "pixels"}, 30000, "--x must be between 1 and 4,096 pixels, not 30,000"),
    ],
)
def test_an_error_of_a_range_gives_the_bounds_then_the_value(bounds, value, text):
    assert str(out_of_range("--x", value, **bounds)) == text


def test_an_error_of_a_choice_lists_the_choices():
    assert str(not_a_choice("--mode", "fuzzy", ("hybrid", "vector", "text"))) == (
        "--mode must be hybrid, vector or text, not 'fuzzy'"
    )


def test_sql_and_pages_name_an_option_as_their_argument():
    assert as_argument("--from-size must be at least 1, not 0") == "from_size must be at least 1, not 0"
    assert as_argument("-k must be at least 1, not 0") == "k must be at least 1, not 0"
    assert as_argument("The query is empty: enter some words") == "The query is empty: enter some words"
