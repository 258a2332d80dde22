"""The table of bars: what holds, what is missed and by how much, and how it is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def table(benchmark_module: Callable[[str], Any]) -> Any:
    return benchmark_module("table")


@pytest.fixture(scope="module")
def row(table: Any) -> Callable[..., Any]:
    def made(measured: float | None, bar: float | None, **more: Any) -> Any:
        return table.Row(name="a", what="one / other", measured=measured, bar=bar, **more)

    return made


@pytest.mark.parametrize(
    ("measured", "bar", "broken", "holds", "verdict"),
    [
        (8.9, 9.0, (), True, "yes"),
        (9.0, 9.0, (), True, "yes"),
        (18.0, 9.0, (), False, "**no**, 2.0 times the bar"),
        (0.0, 0.15, ("rows changed",), False, "**no**"),
        (0.3, 0.15, ("rows changed",), False, "**no**, 2.0 times the bar"),
        (None, 9.0, (), None, "not measured"),
        (5.0, None, (), None, "no bar"),
    ],
)
def test_a_bar_holds_up_to_its_value_and_while_its_conditions_do(
    row: Callable[..., Any],
    measured: float | None,
    bar: float | None,
    broken: tuple[str, ...],
    holds: bool | None,
    verdict: str,
) -> None:
    found = row(measured, bar, broken=broken)
    assert (found.holds, found.verdict) == (holds, verdict)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.14159, "x", "3.14 x"),
        (0.012345, "x", "0.0123 x"),
        (142.6, "MB", "143 MB"),
        (1234.5, "MB", "1,234 MB"),
        (4.44e-16, "", "4.4e-16"),
        (0.0, "", "0"),
        (None, "x", "-"),
    ],
)
def test_numbers_show_three_figures(table: Any, value: float | None, unit: str, text: str) -> None:
    assert table.number(value, unit) == text


def test_the_table_is_markdown_with_broken_conditions_in_front(
    table: Any, row: Callable[..., Any]
) -> None:
    rows = [row(2.0, 1.0, broken=("rows changed",), note="2 s / 1 s"), row(None, 5.0, note="busy")]
    assert table.markdown(rows).split("\n") == [
        "| what        | measured | bar    | holds                     | of which                |",
        "|-------------|----------|--------|---------------------------|-------------------------|",
        "| one / other | 2 x      | <= 1 x | **no**, 2.0 times the bar | rows changed; 2 s / 1 s |",
        "| one / other | -        | <= 5 x | not measured              | busy                    |",
    ]
    assert table.count(rows) == "0 of 1 measured bars hold; 1 not measured."
    assert table.count([row(1.0, 1.0)]) == "1 of 1 measured bars hold."


def test_a_row_is_json(row: Callable[..., Any]) -> None:
    assert json.loads(json.dumps(row(1.0, 2.0, broken=("x",)).plain())) == {
        "name": "a",
        "what": "one / other",
        "measured": 1.0,
        "bar": 2.0,
        "unit": "x",
        "holds": False,
        "note": "",
        "broken": ["x"],
    }


def test_the_machine_is_one_line_without_what_is_not_installed(table: Any) -> None:
    machine = {"processor": "P", "cores": 2, "system": "S", "python": "3", "spark": "not installed"}
    assert table.about(machine) == "P, 2 cores, S; python 3"


def test_the_table_of_the_last_run_is_replaced_in_a_page(table: Any) -> None:
    page = f"# Title\n\n{table.BEGIN}\nold\n{table.END}\n\nText\n"
    wanted = f"# Title\n\n{table.BEGIN}\n\nnew\n\n{table.END}\n\nText\n"
    assert table.in_page(page, "new") == wanted
    assert table.in_page(wanted, "new") == wanted
    with pytest.raises(ValueError, match="there is no"):
        table.in_page("# Title", "new")
