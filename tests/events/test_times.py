from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqchurn.errors import ConfigError
from seqchurn.events.times import INSTANT, with_instants


def read(values: list[object] | pl.Series, **options: str | None) -> list[object]:
    return instants(values, **options).to_list()


def instants(values: list[object] | pl.Series, **options: str | None) -> pl.Series:
    options = {"format": None, "zone": None, "place": "[events] source x"} | options
    raw = pl.LazyFrame({"at": values})
    found = with_instants(raw, "at", **options).select(INSTANT).collect()  # type: ignore[arg-type]
    assert found.dtypes == [pl.Datetime("us", "UTC")]
    return found.to_series()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-07-01T10:00:00Z", datetime(2020, 7, 1, 10, tzinfo=UTC)),
        ("2020-07-01 10:00:00.25+02:00", datetime(2020, 7, 1, 8, 0, 0, 250_000, tzinfo=UTC)),
        ("2020-07-01 10:00:00 +0200", datetime(2020, 7, 1, 8, tzinfo=UTC)),
        ("2020-07-01T10:00-03", datetime(2020, 7, 1, 13, tzinfo=UTC)),
        (" 2020-07-01T10:00:00 ", datetime(2020, 7, 1, 9, tzinfo=UTC)),
        ("2020-07-01 10:00", datetime(2020, 7, 1, 9, tzinfo=UTC)),
        ("2020-07-01", datetime(2020, 6, 30, 23, tzinfo=UTC)),
        ("2020-03-29 01:30:00", None),  # no such time in London
        ("2020-10-25 01:30:00", datetime(2020, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the earlier
        ("2020-02-30", None),
        ("01/07/2020", None),
        (None, None),
    ],
)
def test_iso_text_is_read_in_the_zone_of_the_source(
    text: str | None, expected: datetime | None
) -> None:
    assert read(pl.Series([text], dtype=pl.String), zone="Europe/London") == [expected]


COMMON = [
    "2020-02-29T23:59:59Z",
    "2020-07-01T10:00:00.125Z",
    "2020-07-01T10:00:00.125250Z",
    "2020-03-29T00:59:59",
    "2020-12-31 23:59:59",
    "2020-07-01 10:00:00.125",
]


def spoilt(text: str, at: int, character: str) -> str:
    return text[:at] + character + text[at + 1 :]


@given(
    texts=st.lists(
        st.builds(
            spoilt,
            st.sampled_from(COMMON),
            st.integers(0, 26),
            st.sampled_from("0123456789-T:.Z +\té"),
        )
    )
)
@example(texts=["2020-02-30T10:00:00Z", "2020-07-01T24:00:00Z", "2020-07-01T23:59:60Z"])
@example(texts=["0000-07-01T10:00:00Z", "2020-00-01T10:00:00Z", "2020-07-01T10:00:00.-25Z"])
@pytest.mark.parametrize("zone", [None, "Europe/London"])
def test_common_texts_are_read_as_any_others(zone: str | None, texts: list[str]) -> None:
    """Space around a text sends it the long way."""
    column = pl.Series([*COMMON, *texts], dtype=pl.String)
    found = instants(column, zone=zone)
    assert found.equals(instants(10 * " " + column, zone=zone), null_equal=True)
    assert found.null_count() < len(found)


def test_text_of_another_format_is_read_by_it() -> None:
    july = datetime(2020, 7, 1, tzinfo=UTC)
    assert read(["01/07/2020"], format="%d/%m/%Y", zone="UTC") == [july]
    assert read(["01/07/2020 02:00 +0200"], format="%d/%m/%Y %H:%M %z") == [july]


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_stored_times_keep_their_instant(unit: str) -> None:
    noon = pl.Series([datetime(2020, 7, 1, 12)]).cast(pl.Datetime(unit))  # type: ignore[arg-type]
    aware = noon.dt.replace_time_zone("Asia/Tokyo")
    assert read(aware) == [datetime(2020, 7, 1, 3, tzinfo=UTC)]
    assert read(noon, zone="Asia/Tokyo") == [datetime(2020, 7, 1, 3, tzinfo=UTC)]
    assert read([date(2020, 7, 1)], zone="UTC") == [datetime(2020, 7, 1, tzinfo=UTC)]


def test_numbers_count_from_1970_in_the_unit_of_the_config() -> None:
    second = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert read([1], format="s") == read([1_000], format="ms") == [second]
    assert read(["1"], format="s") == read([1.0], format="s") == [second]
    assert read([1_000_000], format="us") == [second]
    assert read(["x", "1.5"], format="s")[0] is None
    assert read([2**62], format="s") == [None]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1], {}, "holds numbers.*set timestamp_format to s, ms or us"),
        ([True], {"zone": "UTC"}, "is Boolean; expected a datetime"),
        ([datetime(2020, 1, 1)], {}, "carry no time zone. Set timezone"),
        ([date(2020, 1, 1)], {}, "carry no time zone. Set timezone"),
        (["01/07/2020"], {"format": "%d/%m/%Y"}, "carry no time zone. Set timezone"),
    ],
)
def test_what_cannot_be_a_time_is_an_error_of_the_config(
    values: list[object], options: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read(values, **options)
