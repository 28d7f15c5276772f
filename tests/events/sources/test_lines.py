from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.events.sources.files import RECORD
from seqchurn.events.sources.lines import LINE, UNDECODED, scan, scan_marked


@given(text=st.text(st.sampled_from('a"\t\r\n é\u2028\ufffd\x00')))
def test_sound_lines_are_the_same_on_both_ways(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "sound.tsv"
    file.write_bytes(text.encode())
    fast = scan(file).collect()
    assert scan_marked(file).select(fast.columns).collect().equals(fast)


def test_only_the_line_with_a_bad_byte_is_marked(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xef\xbf\xbd\ncaf\xe9\r\n\xf0\x9f\x98\x80\nz\xff")
    frame = scan_marked(tmp_path / "log").collect()
    assert frame[LINE].to_list() == ["\ufffd", "caf\ufffd", "\U0001f600", "z\ufffd"]
    assert frame[UNDECODED].to_list() == [False, True, False, True]


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_many_lines_are_read_in_pieces_and_numbered_through(ending: str, tmp_path: Path) -> None:
    raw = "".join(f"line {n}\n" for n in range(45_000)).encode()
    file = tmp_path / f"log.tsv{ending}"
    pack = {"": bytes, ".gz": gzip.compress, ".zst": pa.Codec("zstd").compress}[ending]
    file.write_bytes(memoryview(pack(raw)))
    for lines in (scan(file), scan_marked(file)):
        assert lines.select(LINE, RECORD).collect()[LINE, RECORD].row(-1) == ("line 44999", 44_999)
        assert lines.head(3).select(pl.col(RECORD).max()).collect().item() == 2
        odd = lines.filter(pl.col(RECORD) % 2 == 1).select(pl.len())
        assert odd.collect(engine="streaming").item() == 22_500
