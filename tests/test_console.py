from __future__ import annotations

import pytest

from seqchurn.console import table


def test_numbers_stand_to_the_right_and_have_thousands_separators() -> None:
    text = table([["orders", 1234567, 0.123456], ["views", 7, None]], ["event", "rows", "share"])
    assert text.splitlines() == [
        "event        rows   share",
        "------  ---------  ------",
        "orders  1,234,567  0.1235",
        "views           7       -",
    ]


def test_a_table_without_rows_is_its_headers() -> None:
    assert table([], ["event", "rows"]) == "event  rows\n-----  ----"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        table([["orders"]], ["event", "rows"])
