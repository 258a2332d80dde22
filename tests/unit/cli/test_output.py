from __future__ import annotations

import io
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.cli.output import Output, cell_width, clean, clean_page, json_text, wants_color

if TYPE_CHECKING:
    from collections.abc import Mapping


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class GoneReader(io.StringIO):
    def write(self, text: str) -> int:
        del text
        raise BrokenPipeError


def test_control_and_direction_characters_are_dropped() -> None:
    assert clean("a\x1b[31mb\x1b]0;t\x07c\x9bd\x00e\u202ef\u2066g\u200fh") == "ab]0;tcdefgh"
    assert clean("one\r\ntwo\tthree") == "one two three"
    assert clean_page("one\r\ntwo\tthree\x08") == "one\ntwo\tthree"


@given(st.text())
@settings(max_examples=100)
def test_cleaned_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1
    assert "\x1b" not in cleaned


def test_json_has_null_for_what_is_no_number() -> None:
    document = {"schema": "x/1", "a": math.nan, "b": [math.inf, 1.5], "c": {"d": -math.inf}}
    assert json.loads(json_text(document)) == {
        "schema": "x/1",
        "a": None,
        "b": [None, 1.5],
        "c": {"d": None},
    }


def test_json_writes_times_days_paths_and_amounts_as_text() -> None:
    document = {
        "at": datetime(2026, 10, 1, 12, tzinfo=UTC),
        "day": date(2026, 10, 1),
        "path": Path("a/b"),
        "amount": Decimal("0.30"),
        "names": ("ä\u202e",),
    }
    text = json_text(document)
    assert text.isascii()
    assert json.loads(text) == {
        "at": "2026-10-01T12:00:00.000000Z",
        "day": "2026-10-01",
        "path": "a/b",
        "amount": "0.30",
        "names": ["ä\u202e"],
    }


def test_json_refuses_what_it_has_no_form_for() -> None:
    with pytest.raises(TypeError):
        json_text({"x": object()})


@pytest.mark.parametrize(
    ("environ", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_colour_follows_the_environment_and_the_terminal(
    environ: Mapping[str, str], terminal: bool, expected: bool
) -> None:
    assert wants_color(Terminal() if terminal else io.StringIO(), environ) is expected


def test_results_go_to_stdout_and_notes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(environ={})
    out.line("result")
    out.done("work")
    out.note("note")
    out.warn("warning")
    out.error("failure")
    printed = capsys.readouterr()
    assert printed.out == "result\n✓ work\n"
    assert printed.err == "note\n! warning\nError: failure\n"


def test_quiet_leaves_out_notes_only(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(quiet=True, environ={})
    out.line("result")
    out.note("note")
    out.warn("warning")
    printed = capsys.readouterr()
    assert printed.out == "result\n"
    assert printed.err == "! warning\n"


def test_marks_are_coloured_when_colour_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    Output(environ={"FORCE_COLOR": "1"}).done("work")
    Output(color=False, environ={"FORCE_COLOR": "1"}).done("work")
    assert capsys.readouterr().out == "\x1b[32m✓\x1b[0m work\n✓ work\n"


def test_a_table_aligns_numbers_right_and_wide_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(environ={}).table(
        ["model", "calls", "cost", "ok"],
        [("模型", 1234, 0.5, True), ("gpt\x1b[2J-5", 7, None, False), (None, None, 12.25, True)],
    )
    assert capsys.readouterr().out == (
        "model  calls   cost  ok\n"
        "模型   1,234    0.5  yes\n"
        "gpt-5      7      -  no\n"
        "-          -  12.25  yes\n"
    )


def test_a_table_without_rows_is_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    Output(environ={}).table(["job", "checkpoint"], [])
    assert capsys.readouterr().out == "job  checkpoint\n"


def test_width_counts_columns_of_a_terminal() -> None:
    assert cell_width("abc") == 3
    assert cell_width("模型") == 4
    assert cell_width("e\u0301") == 1


def test_lone_surrogates_do_not_stop_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="utf-8"))
    Output(environ={}).line("bad \ud800 name")
    assert raw.getvalue() == b"bad \\ud800 name\n"


def test_a_terminal_without_unicode_gets_words_for_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Output(environ={}).done("naïve")
    assert raw.getvalue() == b"ok na\\xefve\n"


def test_a_reader_that_went_away_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", GoneReader())
    out = Output(environ={})
    out.line("nobody reads this")
    out.json({"schema": "x/1"})


def test_something_made_with_rich_is_printed_without_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from rich.text import Text

    Output(environ={}).styled(Text("[red]data[/red]", style="bold"))
    Output(environ={"FORCE_COLOR": "1"}).styled(Text("data", style="bold"))
    assert capsys.readouterr().out == "[red]data[/red]\n\x1b[1mdata\x1b[0m\n"


@pytest.mark.parametrize(
    ("terminal", "quiet", "term", "expected"),
    [
        (True, False, "xterm", True),
        (True, True, "xterm", False),
        (True, False, "dumb", False),
        (False, False, "xterm", False),
    ],
)
def test_progress_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, term: str, expected: bool
) -> None:
    monkeypatch.setattr("sys.stderr", Terminal() if terminal else io.StringIO())
    assert Output(quiet=quiet, environ={"TERM": term}).shows_progress is expected
