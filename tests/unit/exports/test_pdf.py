from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typst
from pypdf import PdfReader

import prodlens
from fakes.hostile_strings import HOSTILE
from fakes.sample_report import SENTENCE, empty_model, hostile_model, sample_model
from prodlens.exports import pdf
from prodlens.exports.building import model_of
from prodlens.exports.model import Section
from prodlens.exports.pdf_parts import drawing, grid, on_paper, table
from prodlens.exports.pdf_text import MARK, is_drawn, is_marked, marked, name, short, spelled
from prodlens.exports.tables import Column, Table
from prodlens.exports.text import from_outside
from prodlens.exports.words import Kind

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel
    from prodlens.metrics.report import Report

FONTS = ("LibertinusSerif", "DejaVuSansMono", "NewCM", "NewComputerModern")


def reader(model: ReportModel) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(model)))


def pages(model: ReportModel) -> list[str]:
    """Return the text of each page, spaces and line breaks as single spaces."""
    return [plain(page.extract_text()) for page in reader(model).pages]


def plain(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())


def packed(text: str) -> str:
    """Return a text without any space: lines of a cell may break anywhere."""
    return re.sub(r"\s", "", text.replace("\u200b", ""))


def with_table(rows: int) -> ReportModel:
    """Return a report with one long table of typed columns and long names."""
    long = Table(
        id="long",
        title="A long table",
        columns=(
            Column(id="name", title="Name of the row"),
            Column(id="count", title="Counted here", kind=Kind.INT),
            Column(id="share", title="Share of it", kind=Kind.PERCENT),
        ),
        rows=tuple((f"row-{n:04d}", n, None if n % 10 == 0 else n / 1000) for n in range(rows)),
        note="The note below it.",
    )
    return replace(
        sample_model(), sections=(Section(id="long", title="Long things", blocks=(long,)),)
    )


def test_a_wide_table_stands_in_parts_that_each_begin_with_the_name() -> None:
    numbers = [Column(id=f"n{n}", title=f"Number {n:02d}", kind=Kind.INT) for n in range(17)]
    rate = [
        Column(id=name, title=title, kind=Kind.PERCENT)
        for name, title in (("rate", "Rate"), ("rate_low", "95% from"), ("rate_high", "to"))
    ]
    columns = (Column(id="model", title="Model"), *numbers[:9], *rate, *numbers[9:])
    row = ("claude-sonnet-4-5-20250929", *range(1000, 1009), 0.5, 0.4, 0.6, *range(2000, 2008))
    wide = Table(id="wide", title="Wide", columns=columns, rows=(row,), note="Below it.")
    parts = [part for part in on_paper(wide) if isinstance(part, Table)]
    assert [part.title for part in parts] == ["Wide, part 1 of 2", "Wide, part 2 of 2"]
    assert [part.columns[0].id for part in parts] == ["model", "model"]
    assert [one.id for part in parts for one in part.columns[1:]] == [one.id for one in columns[1:]]
    assert [cell for part in parts for cell in part.rows[0][1:]] == list(row[1:])
    assert parts[1].columns[1].id not in {"rate_low", "rate_high"}
    assert [part.note for part in parts] == ["", "Below it."]
    assert all(len(table(part)["heads"]) < 16 for part in parts)
    model = replace(
        sample_model(), sections=(Section(id="wide", title="Wide things", blocks=(wide,)),)
    )
    assert packed(" ".join(pages(model))).count("claude-sonnet-4-5-20250929") == 2
    assert on_paper(parts[0]) == [parts[0]]


def test_the_first_page_says_what_may_be_repeated_with_its_caveat() -> None:
    first = pages(sample_model())[0]
    assert "AI use and delivery" in first
    assert SENTENCE in first
    assert SENTENCE.endswith("not an effect of AI.")
    assert "n 27 pairs of days, worth 22" in first
    assert "Data begin on 24 Aug 2026 for acme/payments" in first


def test_a_key_figure_shows_its_interval_and_what_it_rests_on() -> None:
    first = pages(sample_model())[0]
    assert "Acceptance rate 39.4% +2.7 pts better was 36.7%" in first
    assert "change +0.4 pts to +5.0 pts 95% interval 38.1% to 40.7% 2,049 of 5,200" in first
    assert "+0.4 pts worse was 2.1%" in first
    assert "Cost usd $3,630.25 no calls are known then n 41,208" in first
    assert "Changes are against 27 Jul to 23 Aug 2026, matched by weekday." in first


def test_a_missing_value_says_why_and_is_no_zero() -> None:
    text = " ".join(pages(sample_model()))
    assert "Session growth percent - fewer than 14 whole days: 4 more are needed" in text
    assert "merged PRs, +1 d Not enough data: 5 more days are needed." in text
    assert "Delivery no deliveries" in text


def test_an_estimate_stands_with_its_interval_and_days() -> None:
    text = " ".join(pages(sample_model()))
    assert "commits, +1 d: r +0.46" in text
    assert "95% interval +0.22 to +0.65 n 27 pairs of days, worth 22; declared beforehand" in text
    assert text.count(SENTENCE) == 1


def test_charts_are_drawn_with_their_words_and_those_of_lags_with_their_numbers() -> None:
    text = " ".join(pages(sample_model()))
    assert "claude-sonnet-4-6" in text
    assert "declared beforehand" in text
    assert "median 1.0 s" in text
    assert "AI sessions and commits, by lag, in numbers" in text
    assert "+1 +0.46 +0.22 +0.70 26" in text
    assert "The 28 rows behind it: prod-lens report --table daily_tokens" in text


def test_every_page_says_what_it_is_about_and_its_number() -> None:
    found = pages(sample_model())
    assert len(found) == 5
    for number, text in enumerate(found, start=1):
        assert text.startswith("acme/payments 24 Aug to 20 Sep 2026 data 0123456789abcdef")
        assert text.endswith(f"prodlens 0.1.0, made 2026-09-21 08:00 UTC {number} / 5")


def test_pages_are_a4() -> None:
    boxes = [page.mediabox for page in reader(sample_model()).pages]
    assert {(round(box.width), round(box.height)) for box in boxes} == {(595, 842)}


def test_the_last_pages_say_how_far_to_trust_it_what_is_missing_and_what_was_measured() -> None:
    text = " ".join(pages(sample_model()))
    assert "How far to trust it" in text
    assert "decision 12.6% 5,200 of 41,208" in text
    assert "acme/payments: last read 2026-09-21 08:00 UTC" in text
    assert "6 records set aside because they could not be read" in text
    assert "8 calls without a cost: gemini-3-pro prod-lens prices missing" in text
    assert "Acceptance rate. What acceptance_rate is." in text
    assert f"Data {'0123456789abcdef' * 4}" in text
    assert "Policy models claude-*" in text
    assert "prodlens 0.1.0, prodlens.report/1, rules 1, method of association 1" in text


def test_an_empty_store_says_what_to_do_next_and_what_a_report_will_say() -> None:
    first = pages(empty_model())[0]
    assert "There are no calls in the database." in first
    assert "What to do next" in first
    assert "no calls: read some prod-lens ingest-traces PATH" in first
    assert "What a report says once there are data" in first
    assert "Merged prs. What merged_prs is." in first
    assert "no days with data" in first


def test_a_long_table_goes_on_over_pages_with_its_heads_on_each() -> None:
    found = pages(with_table(200))
    rows = [re.findall(r"row-\d{4}", text) for text in found]
    assert [one for page in rows for one in page] == [f"row-{n:04d}" for n in range(200)]
    with_rows = [text for text, names in zip(found, rows, strict=True) if names]
    assert len(with_rows) >= 4
    for text in with_rows:
        assert text.count("Name of the row Counted here Share of it") == 1
    assert "row-0199 199 19.9%" in with_rows[-1]
    assert "row-0010 10 -" in " ".join(with_rows)
    assert "The note below it." in with_rows[-1]


def test_rows_too_many_for_paper_are_counted_and_named() -> None:
    given = with_table(2001).sections[0].blocks[0]
    assert isinstance(given, Table)
    assert len(table(given)["rows"]) == 2000
    assert table(given)["more"] == (
        "The first 2,000 of 2,001 rows; all of them: prod-lens report --table long"
    )
    whole = replace(given, rows=given.rows[:2000])
    assert table(whole)["more"] == ""


def test_the_same_report_is_the_same_file_in_another_process_place_and_time_zone(
    tmp_path: Path,
) -> None:
    script = (
        "import hashlib; from fakes.sample_report import hostile_model; "
        "from prodlens.exports import pdf; "
        "print(hashlib.sha256(pdf.render(hostile_model())).hexdigest())"
    )
    folders = (Path(prodlens.__file__).parents[1], Path(__file__).parents[2])
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={
            "PYTHONPATH": ":".join(map(str, folders)),
            "TZ": "Asia/Tokyo",
            "SOURCE_DATE_EPOCH": "86400",
            "LC_ALL": "C",
        },
    )
    assert done.stdout.strip() == hashlib.sha256(pdf.render(hostile_model())).hexdigest()


def test_the_file_carries_its_title_and_the_time_of_the_report() -> None:
    found = reader(sample_model())
    assert found.metadata is not None
    assert found.metadata.title == "AI use and delivery"
    assert found.metadata.author == "ProdLens"
    assert found.metadata.creation_date == datetime(2026, 9, 21, 8, tzinfo=UTC)
    root: Any = found.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert [str(one["/Title"]) for one in found.outline if not isinstance(one, list)] == [
        *("Use", "Acceptance", "Tokens and cost", "Delivery"),
        "Association of AI sessions with deliveries",
        "Effect sizes, accepted against rejected calls",
        *("How far to trust it", "About this report", "Definitions"),
    ]


def test_only_fonts_inside_of_typst_are_used_and_they_are_in_the_file() -> None:
    used = set()
    for page in reader(hostile_model()).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            used.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    assert used
    assert all(one.startswith(FONTS) for one in used), used


@pytest.mark.parametrize("raw", [False, True])
def test_names_are_shown_and_never_run(*, raw: bool) -> None:
    text = packed("".join(pages(hostile_model(raw=raw))))
    for given in HOSTILE.values():
        shown = packed(spelled(from_outside(given)))
        if len(shown) > 100:
            shown = shown[:70]
        if not any(
            unicodedata.bidirectional(char) in "RAL" and ord(char) > 0x500 for char in shown
        ):
            assert shown in text or "\u0301" in shown
    assert packed('#eval("1") $x^2$ *b* _i_ @ref <label> #read("/etc/passwd")') in text
    assert "root:" not in text


def test_a_file_has_no_link_script_or_attachment() -> None:
    found = reader(hostile_model())
    root: Any = found.trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(root)
    assert not found.attachments
    for page in found.pages:
        assert "/Annots" not in page
        assert "/AA" not in page


def test_what_the_fonts_lack_gets_a_visible_mark_and_the_file_says_so() -> None:
    text = " ".join(pages(hostile_model()))
    assert "\u20396A21 578B\u203a-\u20394E00 4E8C 4E09\u203a" in text
    assert MARK * 4 in text
    assert "stand for characters that the fonts of this file lack" in text
    assert "stand for characters" not in " ".join(pages(sample_model()))


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("plain", "plain"),
        ("Müller \u03b1 \u0416 \u20ac", "Müller \u03b1 \u0416 \u20ac"),
        ("\uff1d1\uff21", "=1A"),
        ("\u6a21-\u578b", "\u20396A21\u203a-\u2039578B\u203a"),
        ("ship \U0001f680", f"ship {MARK}"),
        ("\U0001f469\U0001f3fd\u200d\U0001f4bb", MARK * 2),
        ("\u0e01\u0e47", "\u20390E01 0E47\u203a"),
        ("", ""),
    ],
)
def test_characters_that_are_not_in_the_fonts_are_spelled(given: str, written: str) -> None:
    assert spelled(given) == written
    assert is_drawn(written) is bool(written)


def test_marks_in_a_drawing_leave_its_markup_alone() -> None:
    assert marked('<text x="1">\uff1c\u6a21&lt;</text>') == f'<text x="1">{MARK}{MARK}&lt;</text>'
    drawn = "".join(drawing(chart) for chart in hostile_model(raw=True).charts())
    assert all(is_drawn(char) for char in set(drawn))


def test_the_fonts_have_every_character_that_is_taken_as_drawn() -> None:
    """PDF/A refuses what no font has, so that a file of all of them proves it."""
    every = [chr(code) for code in range(0x21, 0x10000) if is_drawn(chr(code))]
    assert len(every) > 4000
    source = (
        '#set document(title: "x", date: datetime(year: 2026, month: 1, day: 1))\n'
        '#set text(font: ("Libertinus Serif", "DejaVu Sans Mono", "New Computer Modern", '
        '"New Computer Modern Math"))\n'
        "#for one in json(bytes(sys.inputs.every)) { box(one); linebreak() }"
    )
    made = typst.compile(
        source.encode(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"every": json.dumps(every)},
        pdf_standards=["a-2u"],
    )
    assert isinstance(made, bytes)


def test_a_long_name_breaks_and_is_short_in_the_head_of_a_page() -> None:
    assert name("x" * 30) == "\u200b".join(["x" * 12, "x" * 12, "x" * 6])
    assert name("claude-sonnet-4-5-20250929") == (
        "claude-\u200bsonnet-\u200b4-\u200b5-\u200b20250929"
    )
    assert short("w" * 100, 10) == "w" * 9 + "\u2026"
    assert is_marked(short("\u6a21" * 100, 10))


def test_heads_break_only_when_the_table_is_too_wide() -> None:
    narrow = grid(("Name", "Paired days"), [("a", "57")], right=(False, True))
    assert narrow["heads"] == ["Name", "Paired days"]
    assert narrow["size"] == pytest.approx(9.0)
    wide = grid(
        ("Name", *("Outcome known",) * 11),
        [("a" * 30, *("3,517",) * 11)],
        right=[False] + [True] * 11,
    )
    assert wide["heads"][1] == "Outcome\nknown"
    assert wide["size"] < 9.0


def test_a_column_of_empty_texts_takes_no_room_and_one_of_unknown_numbers_does() -> None:
    given = Table(
        id="t",
        title="T",
        columns=(
            Column(id="lag", title="Lag", kind=Kind.INT, signed=True),
            Column(id="why", title="Why none"),
            Column(id="q", title="q", kind=Kind.FLOAT),
        ),
        rows=((1, "", None), (2, None, None)),
    )
    assert table(given)["heads"] == ["Lag", "q"]
    assert table(given)["rows"] == [["+1", "-"], ["+2", "-"]]


def test_the_template_asks_for_nothing_outside_of_itself() -> None:
    source = files("prodlens.exports").joinpath(pdf.TEMPLATE).read_text(encoding="utf-8")
    assert not re.search(r"\b(read|import|include|plugin|eval|link)\b", source)
    assert "@preview" not in source


def test_a_report_from_a_store_is_worth_reading(whole: Report) -> None:
    model = model_of(whole)
    text = " ".join(pages(model))
    assert plain(model.findings[0].text) in text
    for section in model.sections:
        assert plain(section.title) in text
    assert model.fingerprint in text
