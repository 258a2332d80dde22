"""`audit` and `reconcile` on what real tools wrote, as a person runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.cli.__main__ import prod_lens

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "data"
EVERY = (
    "litellm",
    "phoenix",
    "otlp",
    "claude_code_transcripts",
    "claude_code_otel",
    "codex",
    "gemini",
)
COST = """usage_date_utc,model,workspace,token_type,cost_usd,cost_type
2026-11-21,Claude Haiku 4.5,Default,output,0.25,token
2026-11-22,Claude Haiku 4.5,Default,output,0.02,token
2026-11-22,,Default,,0.01,web_search
"""


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        prod_lens.main(list(words))
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of every sample file, and the database made of them."""
    folder = tmp_path_factory.mktemp("costs")
    for name in EVERY:
        shutil.copytree(DATA / name, folder / name)
    database = str(folder / "cache.db")
    assert run("ingest-traces", *(str(folder / name) for name in EVERY), "--db", database) == 0
    return folder


@pytest.fixture
def told(
    ingested: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    monkeypatch.chdir(ingested)
    capsys.readouterr()

    def ask(*words: str, code: int = 0) -> Any:
        assert run(*words, "--db", str(ingested / "cache.db")) == code
        printed = capsys.readouterr().out
        return json.loads(printed) if "--json" in words else printed

    return ask


def test_the_audit_says_what_the_report_says_to_the_nano_dollar(told: Callable[..., Any]) -> None:
    report = told("report", "--json")["cost_metrics"]
    found = told("audit", "--json", "--limit", "0")

    assert found["cost_nanos"] == report["total_session_cost_nanos"] == 479_033_000
    assert found["cost_usd"] == report["total_session_cost_usd"]
    assert sum(call["cost_nanos"] or 0 for call in found["shown"]) == 479_033_000
    assert len(found["shown"]) == found["calls"] == 46
    assert (found["reported"]["calls"], found["computed"]["calls"]) == (34, 10)


def test_every_cost_names_a_file_whose_line_exists(
    told: Callable[..., Any], ingested: Path
) -> None:
    for call in told("audit", "--json", "--limit", "0")["shown"]:
        giver = call["records"][0]
        spot = giver["spot"]
        lines = Path(spot["path"]).read_bytes().splitlines()
        assert Path(spot["path"]).is_relative_to(ingested)
        assert 1 <= spot["line"] <= len(lines)
        assert giver["gave"], call["trace_hash"]
        assert ("cost" in giver["gave"]) == (call["cost_nanos"] is not None)


def test_a_call_that_five_records_describe_counts_once(told: Callable[..., Any]) -> None:
    (call,) = told("audit", "--json", "--call", "202611227117d0971ec9c20d4379c1a57f541700")["shown"]

    assert call["cost_usd"] == "0.015933000"
    assert (call["computed_nanos"], call["difference_nanos"]) == (15_933_000, 0)
    assert call["tokens"] == {
        "tokens_in": 17420,
        "tokens_out": 87,
        "cache_read": 15360,
        "cache_write_5m": 1024,
        "cache_write_1h": 1024,
        "basis": "inclusive",
    }
    assert call["price"]["usd_per_mtok"] == {
        "input": "3",
        "output": "15",
        "cache_read": "0.3",
        "cache_write": "3.75",
        "cache_write_1h": "6",
    }
    dropped = [one["source"] for one in call["records"] if not one["gave"]]
    assert dropped == ["litellm_spend_logs", "openinference", "openinference", "otlp"]
    assert [one["total_tokens"] for one in call["left_out"]] == [17507, 17507, 17507]


def test_the_page_shows_place_usage_price_and_what_was_dropped(
    told: Callable[..., Any], ingested: Path
) -> None:
    page = told("audit", "--call", "202611227117d0971ec9c20d4379c1a57f541700")

    assert page.splitlines()[0] == "$0.015933 for 1 call"
    assert f"  from          litellm  {ingested}/litellm/" in page
    assert (
        "usage         in 12 · cache read 15,360 · write 5m 1,024 · write 1h 1,024 · out 87" in page
    )
    assert "check         the price gives $0.015933, difference +$0.000000" in page
    assert page.count("  dropped ") == 4
    assert page.count("  left out ") == 3


def test_an_unpriced_call_is_unpriced_and_never_zero(told: Callable[..., Any]) -> None:
    page = told("audit", "--model", "my-local-llm-7b")
    found = told("audit", "--model", "my-local-llm-7b", "--json")

    assert page.startswith("unpriced for 1 call\n  unpriced      1 with 2,306 tokens: not known")
    assert "price         none: unknown model" in page
    assert "$0.0" not in page
    assert (found["cost_nanos"], found["cost_usd"]) == (None, None)
    assert found["shown"][0]["cost_nanos"] is None


def test_a_day_a_session_and_a_repository_narrow_the_sum(told: Callable[..., Any]) -> None:
    assert told("audit", "--json", "--day", "2026-11-22")["calls"] == 46
    assert told("audit", "--json", "--day", "2026-11-21")["calls"] == 0
    one = told("audit", "--json", "--session", "3755c6a5-e86f-4259-b7fa-22994edf7d6b")
    assert {call["session_id"] for call in one["shown"]} == {"3755c6a5-e86f-4259-b7fa-22994edf7d6b"}
    assert one["left_out"] is None
    of_repo = told("audit", "--json", "--repo", "acme/widgets", "--limit", "0")
    assert {call["repo_slug"] for call in of_repo["shown"]} == {"acme/widgets"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--call", "1999"), 1),
        (("--day", "2026-11-22", "--since", "2026-11-01"), 2),
        (("--day", "someday"), 2),
        (("--repo", "../etc"), 2),
        (("--repo", "acme/gadgets"), 1),
    ],
)
def test_what_makes_no_sense_is_refused(
    told: Callable[..., Any], words: tuple[str, ...], code: int
) -> None:
    told("audit", *words, code=code)


def test_a_slice_without_calls_says_where_names_are_found(
    ingested: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert run("audit", "--session", "none", "--db", str(ingested / "cache.db")) == 0

    printed = capsys.readouterr()
    assert printed.out == "$0.000000 for 0 calls\n"
    assert "No call is in this slice: prod-lens sessions" in printed.err


def test_a_session_without_a_name_holds_nothing_at_all(told: Callable[..., Any]) -> None:
    found = told("audit", "--session", "", "--json")

    assert (found["calls"], found["left_out"]) == (0, None)


def test_what_never_counts_is_on_no_two_days(told: Callable[..., Any], tmp_path: Path) -> None:
    config = tmp_path / "prodlens.toml"
    config.write_text('[report]\ntimezone = "Asia/Kolkata"\n', encoding="utf-8")

    whole = told("audit", "--json")["left_out"]
    of_utc = told("audit", "--json", "--day", "2026-11-22")["left_out"]
    cut = told("audit", "--json", "--day", "2026-11-22", "--config", str(config))

    assert whole == of_utc
    assert whole["records"] == 51
    assert cut["calls"] == 16
    assert cut["left_out"] is None


def test_a_read_only_database_can_be_audited(ingested: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cache.db"
    shutil.copy(ingested / "cache.db", copy)
    copy.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert run("audit", "--db", str(copy)) == 0
    finally:
        tmp_path.chmod(0o700)


def test_the_gap_to_a_bill_falls_into_parts_that_add_up(
    told: Callable[..., Any], tmp_path: Path
) -> None:
    bill = tmp_path / "cost.csv"
    bill.write_text(COST, encoding="utf-8")

    found = told("reconcile", "--json", "--invoice", str(bill))

    parts = {one["part"]: one["nanos"] for one in found["parts"]}
    assert found["billed"]["usd"] == "0.280000000"
    assert found["gap"]["nanos"] == sum(parts.values()) == 280_000_000 - found["stored"]["nanos"]
    assert parts["not_captured"] == 250_000_000  # no call of that model on the day before
    (day_before,) = found["parts"][0]["items"]
    assert (day_before["day"], day_before["model"]) == ("2026-11-21", "claude-haiku-4-5")
    assert found["files"][0]["kind"] == "Anthropic cost export"
    assert found["files"][0]["columns"]["cost"] == "cost_usd"
    assert "a charge that names no model" in {one["reason"] for one in found["parts"][4]["items"]}


def test_days_of_another_zone_move_money_between_days(
    told: Callable[..., Any], tmp_path: Path
) -> None:
    # 18:29 to 18:40 UTC is the next day in Kolkata, but for the calls before 18:30
    bill = tmp_path / "kolkata.csv"
    bill.write_text("date,model,cost\n2026-11-22,gpt-4o,0.016845\n", encoding="utf-8")

    same = told("reconcile", "--json", "--invoice", str(bill))
    moved = told("reconcile", "--json", "--invoice", str(bill), "--time-zone", "Pacific/Chatham")

    zones = {one["part"]: one["nanos"] for one in moved["parts"]}
    assert {one["part"]: one["nanos"] for one in same["parts"]}["time_zone"] == 0
    assert zones["time_zone"] == -moved["stored"]["nanos"]
    assert zones["not_captured"] == 16_845_000
    assert sum(zones.values()) == moved["gap"]["nanos"]


@pytest.mark.parametrize(
    ("tolerance", "code"), [("0.30", 0), ("0.001", 4), ("200%", 0), ("1%", 4), ("-1", 2), ("x", 2)]
)
def test_a_gap_beyond_the_tolerance_is_found_with_4(
    told: Callable[..., Any], tmp_path: Path, tolerance: str, code: int
) -> None:
    bill = tmp_path / "cost.csv"
    bill.write_text(COST, encoding="utf-8")

    told("reconcile", "--invoice", str(bill), "--tolerance", tolerance, code=code)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--invoice", "nowhere.csv"), 1),
        ((), 2),
        (("--invoice", "nowhere.csv", "--time-zone", "Mars/Olympus"), 2),
        (("--invoice", "nowhere.csv", "--columns", "price=x"), 2),
    ],
)
def test_a_bill_that_is_none_is_refused(
    told: Callable[..., Any], words: tuple[str, ...], code: int
) -> None:
    told("reconcile", *words, code=code)


def test_a_bad_row_is_named_and_nothing_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ingested: Path
) -> None:
    bill = tmp_path / "bad.csv"
    bill.write_text("date,model,cost\n2026-11-22,gpt-4o,1,5\nTotal,,12\n", encoding="utf-8")

    capsys.readouterr()
    code = run("reconcile", "--invoice", str(bill), "--db", str(ingested / "cache.db"))

    printed = capsys.readouterr()
    assert (code, printed.out) == (1, "")
    assert "line 3: 'Total' is no day: write it as 2026-10-01." in printed.err


def test_reports_of_another_zone_count_its_days(told: Callable[..., Any]) -> None:
    utc = told("report", "--json", "--since", "2026-11-22", "--until", "2026-11-23")
    kolkata = ("report", "--json", "--timezone", "Asia/Kolkata")
    first = told(*kolkata, "--since", "2026-11-22", "--until", "2026-11-23")
    second = told(*kolkata, "--since", "2026-11-23", "--until", "2026-11-24")

    def nanos(report: dict[str, Any]) -> int:
        return int(report["cost_metrics"]["total_session_cost_nanos"] or 0)

    assert nanos(first) + nanos(second) == nanos(utc) == 479_033_000
    assert 0 < nanos(first) < nanos(utc)
    assert first["metadata"]["timezone"] == "Asia/Kolkata"
    assert first["metadata"]["since"] == "2026-11-21T18:30:00.000000Z"
    assert first["metadata"]["first_day"] == "2026-11-22"
    assert "time_zone" in {note["code"] for note in first["notes"]}
    assert "timezone" not in utc["metadata"]


def test_a_report_of_another_zone_can_be_made_again(
    told: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    told("report", "--timezone", "Asia/Kolkata", "--since", "2026-11-22", "-o", str(file))

    page = told("report", "verify", str(file))

    assert "still hold." in page


def test_a_zone_that_is_none_is_refused(told: Callable[..., Any]) -> None:
    told("report", "--timezone", "Mars/Olympus", code=2)


def test_the_setting_decides_about_days_where_no_option_does(
    told: Callable[..., Any], tmp_path: Path
) -> None:
    config = tmp_path / "prodlens.toml"
    config.write_text('[report]\ntimezone = "Asia/Kolkata"\n', encoding="utf-8")
    window = ("--since", "2026-11-23", "--until", "2026-11-24", "--config", str(config), "--json")

    by_setting = told("report", *window)
    by_option = told("report", *window, "--timezone", "UTC")
    audited = told("audit", "--day", "2026-11-23", "--config", str(config), "--json")

    assert by_setting["metadata"]["timezone"] == "Asia/Kolkata"
    assert by_option["cost_metrics"]["total_session_cost_nanos"] == 0
    assert (
        0
        < by_setting["cost_metrics"]["total_session_cost_nanos"]
        == audited["cost_nanos"]
        < 479_033_000
    )
    assert audited["timezone"] == "Asia/Kolkata"
