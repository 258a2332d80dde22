from __future__ import annotations

import csv
import json
import math
import re
import stat
import zipfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest

from prodlens.errors import InputError
from prodlens.exports.table_files import FORMATS, TableRows, write

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.partitions import Field

FIELDS: tuple[Field, ...] = (
    ("model", "text"),
    ("tokens", "whole"),
    ("cost", "number"),
    ("accepted", "flag"),
    ("at", "time"),
)
ROWS: list[tuple[Any, ...]] = [
    ("gpt-5", 10, 0.1, 1, "2024-10-28T12:00:00.000001Z"),
    ("=1+1", -3, -0.3, 0, None),
    (None, None, math.inf, None, None),
]
HOSTILE = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠x"]  # noqa: RUF001 - full-width signs
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def table(rows: Any = ROWS, fields: Any = FIELDS, *, raw: bool = False) -> TableRows:
    return TableRows(name="sessions", fields=fields, rows=rows, raw=raw)


def texts(rows: list[str], *, raw: bool = False) -> TableRows:
    return table([(text,) for text in rows], (("model", "text"),), raw=raw)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def cells(path: Path) -> dict[str, tuple[str | None, str]]:
    """Return place -> (type, value) of the cells of the first sheet."""
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    found = {}
    for cell in sheet.iter(f"{SHEET}c"):
        assert cell.find(f"{SHEET}f") is None, "a formula"
        found[cell.attrib["r"]] = (cell.get("t"), "".join(cell.itertext()))
    return found


def test_csv_shows_what_is_not_known_as_empty_and_flags_as_words(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write(path, table()) == 3
    assert path.read_bytes() == (
        b"model,tokens,cost,accepted,at\r\n"
        b"gpt-5,10,0.1,true,2024-10-28T12:00:00.000001Z\r\n"
        b"'=1+1,-3,-0.3,false,\r\n"
        b",,,,\r\n"
    )


def test_no_text_of_a_csv_is_taken_for_a_formula(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", texts(HOSTILE))
    shown = [row[0] for row in read_csv(tmp_path / "a.csv")[1:]]
    assert all(cell.startswith("'") for cell in shown)
    assert not any(set(cell) & set("\t\r\n") for cell in shown)


def test_raw_csv_holds_text_as_it_was_stored(tmp_path: Path) -> None:
    told = [*HOSTILE, 'quo"ted', "a,b", "two\nlines"]
    write(tmp_path / "a.csv", texts(told, raw=True))
    assert [row[0] for row in read_csv(tmp_path / "a.csv")[1:]] == told


def test_json_is_one_versioned_ascii_document(tmp_path: Path) -> None:
    path = tmp_path / "a.JSON"
    assert write(path, table([*ROWS, ("é", 1, 0.0, None, None)])) == 4
    document = json.loads(path.read_bytes().decode("ascii"))
    assert (document["schema"], document["table"]) == ("prodlens.table/1", "sessions")
    assert document["rows"][:3] == [
        {
            "model": "gpt-5",
            "tokens": 10,
            "cost": 0.1,
            "accepted": True,
            "at": "2024-10-28T12:00:00.000001Z",
        },
        {"model": "=1+1", "tokens": -3, "cost": -0.3, "accepted": False, "at": None},
        dict.fromkeys(("model", "tokens", "cost", "accepted", "at")),
    ]
    assert document["rows"][3]["model"] == "é"


def test_parquet_has_the_types_of_the_lake(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    assert write(path, table()) == 3
    found = pq.read_table(path)
    assert [str(field.type) for field in found.schema] == [
        "string",
        "int64",
        "double",
        "bool",
        "timestamp[us, tz=UTC]",
    ]
    assert found["model"].to_pylist() == ["gpt-5", "=1+1", None]
    assert found["accepted"].to_pylist() == [True, False, None]


def test_a_sheet_holds_numbers_as_numbers_and_text_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert write(path, table()) == 3
    found = cells(path)
    assert found["A1"][1] == "model"
    assert (found["B2"], found["C2"], found["D2"]) == ((None, "10"), (None, "0.1"), ("b", "1"))
    assert found["E2"] == ("inlineStr", "2024-10-28T12:00:00.000001Z")
    assert (found["B3"], found["C3"], found["D3"]) == ((None, "-3"), (None, "-0.3"), ("b", "0"))
    assert not [place for place in found if place.endswith("4")]


def test_no_cell_of_a_sheet_is_a_formula_or_a_link(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    told = [*HOSTILE, "https://example.com", "mailto:x@example.com", "internal:A1", "12"]
    write(path, texts(told))
    assert {kind for kind, _ in cells(path).values()} == {"inlineStr"}
    with zipfile.ZipFile(path) as book:
        assert b"hyperlink" not in book.read("xl/worksheets/sheet1.xml")


def test_whole_numbers_that_a_sheet_would_round_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write(path, table([(2**53,), (2**53 + 1,)], (("n", "whole"),)))
    found = cells(path)
    assert found["A2"][0] is None
    assert found["A3"] == ("inlineStr", "9007199254740993")


def test_what_does_not_fit_a_sheet_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("write .csv instead")):
        write(tmp_path / "a.xlsx", texts(["x" * 32_768]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_table_is_a_whole_file_for_its_owner_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    assert write(path, table([])) == 0
    assert path.stat().st_size > 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_reader_that_fails_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")

    def failing() -> Any:
        yield ROWS[0]
        raise InputError("The row is broken.")

    with pytest.raises(InputError, match="row is broken"):
        write(path, table(failing()))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_ending_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(".csv or .parquet or .json or .xlsx")):
        write(tmp_path / "a.xls", table())
