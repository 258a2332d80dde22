"""Owns how a table of rows becomes a file: CSV, JSON, XLSX or Parquet, by the ending of its name.

Row by row, so that memory does not grow with the table; the file is put in place whole, mode 0600.
Knows neither the store nor the meaning of a column. Text is made safe for spreadsheets: in CSV
what looks like a formula gets a `'`, in XLSX text cells can't be formulas. Source: interfaces.md 6.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.errors import InputError
from prodlens.exports import flat_csv
from prodlens.exports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from prodlens.partitions import Field, Kind

_XLSX_ROWS: Final = 1_048_576
_XLSX_CHARACTERS: Final = 32_767
_XLSX_EXACT: Final = 2**53
"""Limits of a sheet; larger whole numbers lose digits. Source: Microsoft, "Excel specifications and
limits" (support.microsoft.com)."""
_XLSX_SHEET_NAME: Final = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """Rows on their way into a file.

    Attributes:
        name: Name of the table.
        fields: Name and kind of each column.
        rows: Rows of stored values in the order of `fields`; None is "not known".
        raw: Whether CSV holds text exactly as stored, for programs; not safe in a spreadsheet.
    """

    name: str
    fields: Sequence[Field]
    rows: Iterable[Sequence[Any]]
    raw: bool = False


def write(path: Path, table: TableRows) -> int:
    """Write a table; the old file stays until the new one is whole.

    Args:
        path: The file; its ending chooses the format.
        table: What to write.

    Returns:
        Rows written.

    Raises:
        InputError: The ending names no format, or the table does not fit the format.
        OSError: It can't be written; the old file is untouched.
    """
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path} names no format of a table: end it in {' or '.join(FORMATS)}.")
    return writer(path, table)


def _csv(path: Path, table: TableRows) -> int:
    """Write RFC 4180 CSV in UTF-8 without BOM; not known is an empty cell, flags are words."""
    cell = _raw_cell if table.raw else flat_csv.cell
    count = 0
    with partitions.drafted(path) as draft:
        page = io.TextIOWrapper(draft.stream, "utf-8", "replace", newline="")
        writer = csv.writer(page, lineterminator="\r\n")
        writer.writerow([name for name, _ in table.fields])
        for row in _values(table):
            writer.writerow([cell(value) for value in row])
            count += 1
        page.flush()
        page.detach()
    return count


def _json(path: Path, table: TableRows) -> int:
    """Write one ASCII document with a row a line; what is not known is null."""
    head = {"schema": "prodlens.table/1", "table": table.name}
    names = [name for name, _ in table.fields]
    count = 0
    with partitions.drafted(path) as draft:
        draft.stream.write(f'{json.dumps(head)[:-1]}, "rows": ['.encode("ascii"))
        for row in _values(table):
            line = json.dumps(dict(zip(names, row, strict=True)), allow_nan=False)
            draft.stream.write(f"{',' if count else ''}\n{line}".encode("ascii"))
            count += 1
        draft.stream.write(b"\n]}\n")
    return count


def _parquet(path: Path, table: TableRows) -> int:
    """Write Parquet with the types of `prodlens.partitions`."""
    return partitions.write(path, table.fields, table.rows).rows


def _xlsx(path: Path, table: TableRows) -> int:
    """Write one sheet: numbers and flags as such, everything else as text that is no formula."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    count = 0
    with partitions.drafted(path) as draft, xlsxwriter.Workbook(draft.stream, options) as book:
        sheet = book.add_worksheet(table.name[:_XLSX_SHEET_NAME])
        sheet.freeze_panes(1, 0)
        for column, (name, _) in enumerate(table.fields):
            sheet.write_string(0, column, name)
        for count, row in enumerate(_values(table), start=1):
            if count >= _XLSX_ROWS:
                raise InputError(f"{table.name} has too many rows for a sheet: write .csv instead.")
            for column, value in enumerate(row):
                _write_cell(sheet, count, column, value)
    return count


def _write_cell(sheet: Any, row: int, column: int, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) <= _XLSX_EXACT):
        sheet.write_number(row, column, value)
    else:
        text = one_line(str(value))
        if len(text) > _XLSX_CHARACTERS:
            raise InputError("A text is too long for a sheet's cell: write .csv instead.")
        sheet.write_string(row, column, text)


FORMATS: Final[dict[str, Callable[[Path, TableRows], int]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".xlsx": _xlsx,
}
"""What writes each ending."""


def _values(table: TableRows) -> Iterator[list[Any]]:
    """Yield rows with flags as True or False; infinities are not known."""
    kinds = [kind for _, kind in table.fields]
    for row in table.rows:
        yield [_value(kind, value) for kind, value in zip(kinds, row, strict=True)]


def _value(kind: Kind, value: Any) -> Any:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return bool(value) if kind == "flag" else value


def _raw_cell(value: object) -> str:
    return value if isinstance(value, str) else flat_csv.cell(value)
