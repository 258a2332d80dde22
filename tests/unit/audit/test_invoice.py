"""Bills as providers write them, and what is wrong with others."""

from __future__ import annotations

from datetime import UTC, date
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.audit.columns import mapped, parse_overrides
from prodlens.audit.invoice import money, read_bill
from prodlens.errors import InputError, MissingPathError

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.audit.invoice import Bill

ANTHROPIC_COST = """usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type
2026-11-21,Claude Sonnet 4.5,Default,ci,message,up to 200k,input_no_cache,0.10,token
2026-11-21,Claude Sonnet 4.5,Default,ci,message,up to 200k,output,0.20,token
2026-11-22,,Default,ci,web_search,,,0.01,web_search
"""
ANTHROPIC_USAGE = """usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count
2026-11-21,claude-sonnet-4-5-20250929,ci,Default,standard,up to 200k,12,1024,1024,15360,87,0
"""
OPENAI_COST = """start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,0.89587400000000001,usd,"gpt-4o-2024-08-06, input",p
1795219200,1795305600,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,1e-2,usd,"gpt-4o-2024-08-06, output",p
1795305600,1795392000,2026-11-22T00:00:00+00:00,2026-11-23T00:00:00+00:00,,,,
"""
OPENAI_USAGE = """start_time,end_time,start_time_iso,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens
1795219200,1795305600,2026-11-21T00:00:00+00:00,gpt-4o-2024-08-06,4,2006,300,1920
"""


def bill_of(folder: Path, *texts: str, columns: str = "", zone: Any = UTC) -> Bill:
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"bill{number}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    return read_bill(paths, parse_overrides(columns) if columns else {}, zone)


def test_an_anthropic_cost_export_adds_up_by_day_and_model(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, ANTHROPIC_COST)

    assert {place: billed.cost for place, billed in bill.cells.items()} == {
        (date(2026, 11, 21), "Claude Sonnet 4.5"): Fraction(3, 10),
        (date(2026, 11, 22), ""): Fraction(1, 100),
    }
    assert bill.providers == {"anthropic"}
    assert [one.kind for _, one in bill.files] == ["Anthropic cost export"]


def test_an_anthropic_usage_export_gives_tokens_of_every_kind(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, ANTHROPIC_COST, ANTHROPIC_USAGE)

    billed = bill.cells[date(2026, 11, 21), "claude-sonnet-4-5-20250929"]
    assert billed.cost is None
    assert billed.tokens == {
        "fresh": 12,
        "cache_read": 15360,
        "cache_write": 1024,
        "cache_write_1h": 1024,
        "output": 87,
    }


def test_an_openai_cost_export_is_exact_and_its_empty_days_are_no_rows(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, OPENAI_COST)

    assert {place: billed.cost for place, billed in bill.cells.items()} == {
        (date(2026, 11, 21), "gpt-4o-2024-08-06"): Fraction("0.90587400000000001"),
    }
    assert bill.rows == 2
    assert bill.providers == {"openai"}


def test_openai_counts_cached_tokens_inside_the_input(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, OPENAI_COST, OPENAI_USAGE)

    assert bill.cells[date(2026, 11, 21), "gpt-4o-2024-08-06"].tokens == {
        "fresh": 86,
        "cache_read": 1920,
        "cache_write": 0,
        "cache_write_1h": 0,
        "output": 300,
    }


def test_one_kind_of_tokens_alone_is_not_taken_for_all_of_them(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, "date,model,cost,output_tokens\n2026-11-21,m,1.00,300\n")
    assert bill.cells[date(2026, 11, 21), "m"].tokens is None


def test_any_table_with_a_day_and_a_cost_is_read(tmp_path: Path) -> None:
    text = "Day;Modell;Total USD;total_tokens\n2026/11/21;gpt-4o;$1,234.50;2,306\n"

    bill = bill_of(tmp_path, text, columns="model=modell,cost=Total USD")

    billed = bill.cells[date(2026, 11, 21), "gpt-4o"]
    assert (billed.cost, billed.tokens, billed.total) == (Fraction(2469, 2), None, 2306)
    assert bill.providers == frozenset()
    assert bill.files[0][1].named == {
        "date": "Day",
        "model": "Modell",
        "cost": "Total USD",
        "tokens": "total_tokens",
    }


def test_hours_are_cut_into_days_of_the_invoices_zone(tmp_path: Path) -> None:
    text = "timestamp,model,cost\n2026-11-21T20:00:00Z,m,1\n2026-11-21T00:00:00Z,m,2\n"

    bill = bill_of(tmp_path, text, zone=ZoneInfo("Asia/Kolkata"))

    assert {day.isoformat(): billed.cost for (day, _), billed in bill.cells.items()} == {
        "2026-11-22": 1,
        "2026-11-21": 2,  # a bucket that begins at midnight is the day that is written
    }


def test_a_bill_without_models_is_read_by_day(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, "date,cost\n2026-11-21,1\n")

    assert not bill.has_models
    assert list(bill.cells) == [(date(2026, 11, 21), "")]


def test_every_bad_row_is_named_with_its_line_and_nothing_is_read(tmp_path: Path) -> None:
    text = (
        "date,model,cost,input_tokens,cache_read_tokens\n"
        '2026-11-21,"two\nlines",1,,\n'
        "yesterday,m,1,,\n"
        "2026-11-21,m,1.234,56,60\n"
        "2026-11-21,m,one,,\n"
        "2026-11-21,m,1,1.5,\n"
    )

    with pytest.raises(InputError) as caught:
        bill_of(tmp_path, text)

    assert str(caught.value) == (
        f"{tmp_path / 'bill0.csv'}: rows that can't be read, nothing was compared:\n"
        "  line 4: 'yesterday' is no day: write it as 2026-10-01.\n"
        "  line 5: more tokens of the cache than of the whole input.\n"
        "  line 6: 'one' is no amount of money: write 1234.50.\n"
        "  line 7: '1.5' is no number of tokens."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "no column is known to be the day; name it with --columns date=NAME"),
        ("date,model\n2026-11-21,m\n", "no column is known to be the cost or the tokens"),
        ("date,model,tokens\n2026-11-21,m,5\n", "no row holds a cost"),
        ("date,cost,currency\n2026-11-21,5,EUR\n", "only US dollars are compared"),
        ('date,cost\n"2026-11-21,5\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_bill_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        bill_of(tmp_path, text)


def test_a_day_without_separators_is_that_day(tmp_path: Path) -> None:
    bill = bill_of(tmp_path, "date,cost\n20261121,0.4\n")

    assert list(bill.cells) == [(date(2026, 11, 21), "")]


def test_a_day_that_is_none_is_refused_without_separators_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no day"):
        bill_of(tmp_path, "date,cost\n20261341,0.4\n")


def test_tokens_with_a_decimal_comma_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'0,479' is no number of tokens"):
        bill_of(tmp_path, "date;cost;tokens\n2026-11-21;1;0,479\n")


def test_a_file_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("date,cost\n2026-11-21,5\n", encoding="utf-8")

    with pytest.raises(InputError, match="is given twice"):
        read_bill([path, tmp_path / "." / "bill.csv"], {}, UTC)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(b"date,cost\n2026-11-21,\xff\xfe\n")

    with pytest.raises(InputError, match="no text in UTF-8"):
        read_bill([path], {}, UTC)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match=r"none\.csv does not exist"):
        read_bill([tmp_path / "none.csv"], {}, UTC)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("-$3", Fraction(-3)),
        ("(1,000.25)", Fraction(-4001, 4)),
        ("12 USD", Fraction(12)),
        ("1.2E-05", Fraction(3, 250000)),
    ],
)
def test_money_is_read_exactly(text: str, amount: Fraction) -> None:
    assert money(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "1.234,56", "1,23", "nan", "inf", "1e999", "1 000,5", "9e15"),
        *("0,479", "-0,479", "00,123", "(-5)", "(5", "((5))"),
    ],
)
def test_what_is_no_amount_is_no_amount(text: str) -> None:
    with pytest.raises(InputError):
        money(text)


@settings(max_examples=100)
@given(st.text(max_size=12) | st.from_regex(r"\A[-(]?\$?[\d,.]{1,12}\)?\Z"))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        found = money(text)
    except InputError:
        return
    assert isinstance(found, Fraction)


def test_a_meaning_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="'price' is nothing a column can mean"):
        parse_overrides("price=Total")
    with pytest.raises(InputError, match="names no column"):
        parse_overrides("cost")
    with pytest.raises(InputError, match="there is no column 'Sum'; it has date, cost"):
        mapped(["date", "cost"], {"cost": "Sum"})
