from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.hostile_strings import HOSTILE
from prodlens.cli import listing
from prodlens.cli.__main__ import prod_lens
from prodlens.cli.output import cell_width
from prodlens.exports.listings import Listing, models, pull_requests, sessions
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind
from prodlens.storage import ProdLensStore
from prodlens.storage.readings import CallFigures

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

COMMANDS = ("summary", "models", "sessions", "prs")


def call(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "native_key": f"test:{number}",
        "timestamp": f"2026-03-02T09:{number:02d}:00Z",
        "repo_slug": "acme/web",
        "developer_id": "secret-person",
        **fields,
    }


CALLS = (
    call(1, session_id="s1", model="gpt-5", cost_usd=0.5, accepted_flag=True, tokens_in=100),
    call(2, session_id="s1", model="gpt-5", cost_usd=0.25, accepted_flag=False, status_code=500),
    call(3, session_id="s2", model="=cmd|'x'!A0", tokens_in=7),
    call(4),
)
REQUESTS = (
    {
        "number": 7,
        "title": "Add\tthe <b>importer</b>",
        "author": "secret-author",
        "created_at": "2026-03-02T10:00:00Z",
        "merged_at": "2026-03-02T15:30:00Z",
        "closed_at": "2026-03-02T15:30:00Z",
        "reopened": False,
        "additions": 10,
        "deletions": 5,
        "labels": '["AI-assisted"]',
        "source": "github",
    },
    {"number": 8, "title": "Draft", "created_at": "2026-03-03T10:00:00Z", "source": "github"},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four calls and two pull requests, as the working directory."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(CALLS)
        store.insert_pull_requests([{"repo_slug": "acme/web", **one} for one in REQUESTS])
    return tmp_path


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an empty database, as the working directory."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db"):
        return tmp_path


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stdout is read by a person, on 200 columns."""
    monkeypatch.setattr(listing, "is_piped", lambda: False)
    monkeypatch.setattr("prodlens.cli.summary.is_piped", lambda: False)
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(prod_lens, arguments)
    assert "Traceback" not in result.stderr
    return result


def piped(*arguments: str) -> list[list[str]]:
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return [line.split("\t") for line in result.stdout.splitlines()]


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.usefixtures("folder")
def test_models_in_a_pipe_are_tab_separated_plain_values() -> None:
    heads, first, *rest = piped("models")
    assert heads == [
        *("model", "calls", "tokens", "cost", "acceptance", "acceptance_low", "acceptance_high"),
        *("errors", "priced", "accepted", "decided", "failed", "outcome_known"),
    ]
    assert first[:5] == ["gpt-5", "2", "100", "0.75", "0.5"]
    assert first[7:] == ["1.0", "2", "1", "2", "1", "1"]
    assert {line[0]: line[1:5] for line in rest} == {
        "=cmd|'x'!A0": ["1", "7", "", ""],
        "(not named)": ["1", "", "", ""],
    }
    assert {len(line) for line in [heads, first, *rest]} == {13}


@pytest.mark.usefixtures("folder", "terminal")
def test_models_on_a_terminal_show_every_rate_with_its_denominator() -> None:
    result = run("models")
    assert result.stdout.splitlines()[:2] == [
        "Model        Calls  Tokens     Cost     Acceptance  95% from     to          Failed",
        "gpt-5            2     100  $0.7500  50.0%, 1 of 2      9.5%  90.5%  100.0%, 1 of 1",
    ]
    assert "Cost is that of calls with a price" in result.stderr


@pytest.mark.usefixtures("folder")
def test_sessions_are_one_a_line_and_name_nobody() -> None:
    result = run("sessions", "--sort", "calls")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [row["session"] for row in rows] == ["s1", "s2"]
    first = rows[0]
    assert first["start"] == "2026-03-02T09:01:00.000000Z"
    assert (first["calls"], first["minutes"], first["tokens"]) == ("2", "1.0", "100")
    assert (first["cost"], first["priced"], first["errors"]) == ("0.75", "2", "1")
    assert (first["edits_accepted"], first["pull_requests"]) == ("", "")
    assert (rows[1]["cost"], rows[1]["priced"]) == ("", "0")
    assert "1 call names no session and stand in no row" in result.stderr
    assert "secret-person" not in result.output


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("folder")
def test_no_list_offers_people_as_rows_or_as_an_order(command: str) -> None:
    text = run(command, "--help").output
    assert "developer" not in text
    assert "author" not in text.replace("no authors", "")
    assert "secret" not in run(command).output
    assert "secret" not in json.dumps(document(command))


@pytest.mark.usefixtures("folder")
def test_pull_requests_say_what_came_after_and_their_signs() -> None:
    found = document("prs")
    assert found["schema"] == "prodlens.prs/1"
    assert found["total"] == 2
    assert found["rows"][0] == {
        "number": 7,
        "state": "merged",
        "merge_time": 19_800.0,
        "reopened": "no",
        "reverted": "too early",
        "ai_signs": "label",
        "title": "Add the <b>importer</b>",
        "repo": "acme/web",
        "lines": 15,
        "merged": "2026-03-02T15:30:00.000000Z",
        "created": "2026-03-02T10:00:00.000000Z",
    }
    draft = found["rows"][1]
    assert (draft["state"], draft["merge_time"], draft["reverted"]) == ("open", None, None)
    assert draft["ai_signs"] == "none"
    assert found["notes"] == [
        "1 of 2 carry a sign of AI assistance; one without a sign may be assisted too."
    ]


@pytest.mark.usefixtures("folder")
def test_a_window_and_a_repository_choose_the_rows() -> None:
    assert len(document("prs", "--since", "2026-03-03")["rows"]) == 1
    assert document("models", "--until", "2026-03-02T09:02:00Z")["rows"][0]["calls"] == 1
    assert document("sessions", "--repo", "ACME/web")["filters"] == {
        "repo": "acme/web",
        "since": None,
        "until": None,
    }
    result = run("sessions", "--repo", "acme/other")
    assert result.exit_code == 1
    assert "Nothing in this database belongs to acme/other. It knows acme/web." in result.stderr


@pytest.mark.usefixtures("folder", "terminal")
def test_the_summary_leads_with_the_sentence_and_shows_what_figures_rest_on() -> None:
    lines = run("summary").stdout.splitlines()
    assert lines[0].startswith("4 calls cost $0.7500, counting the 2 with a price")
    taken = next(line for line in lines if line.startswith("Acceptance rate"))
    assert taken.split()[2:10] == ["50.0%", "1", "of", "2", "9.5%", "to", "90.5%", "a"]
    assert any(line.startswith("Merged pull requests") for line in lines)


@pytest.mark.usefixtures("folder")
def test_the_summary_has_the_numbers_of_the_report() -> None:
    rows = {row["metric"]: row for row in document("summary")["rows"]}
    report = json.loads(run("report", "--json").stdout)
    assert rows["cost_usd"]["value"] == 0.75
    for slug, row in rows.items():
        assert row["value"] == report["metrics"][slug]["value"]


@pytest.mark.usefixtures("folder")
def test_csv_is_safe_in_a_spreadsheet_and_numbers_stay_numbers() -> None:
    result = run("models", "--csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["model"] for row in rows] == ["gpt-5", "(not named)", "'=cmd|'x'!A0"]
    assert rows[0]["cost"] == "0.75"
    assert rows[1]["cost"] == ""


@pytest.mark.usefixtures("folder")
def test_a_limit_says_how_many_there_are() -> None:
    result = run("models", "--limit", "1", "--sort", "tokens")
    assert [line.split("\t")[0] for line in result.stdout.splitlines()] == ["model", "gpt-5"]
    assert "1 of 3; --limit 0 shows all of them." in result.stderr
    assert len(document("models", "--limit", "0")["rows"]) == 3
    assert document("models", "--limit", "1")["total"] == 3


@pytest.mark.usefixtures("folder")
def test_names_are_sorted_from_a_on_and_numbers_from_the_largest_on() -> None:
    names = [row["model"] for row in document("models", "--sort", "model")["rows"]]
    assert names == ["(not named)", "=cmd|'x'!A0", "gpt-5"]
    tokens = [row["tokens"] for row in document("models", "--sort", "tokens")["rows"]]
    assert tokens == [100, 7, None]
    titles = [row["title"] for row in document("summary", "--sort", "title")["rows"]]
    assert titles == sorted(titles, key=str.lower)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("folder")
def test_two_formats_at_once_are_refused(command: str) -> None:
    result = run(command, "--csv", "--json")
    assert result.exit_code == 2
    assert "Give --json or --csv, not both." in result.stderr


@pytest.mark.parametrize("command", ["models", "sessions", "prs"])
@pytest.mark.usefixtures("empty")
def test_nothing_is_said_with_what_mends_it(command: str) -> None:
    result = run(command)
    assert result.exit_code == 0
    assert "prod-lens ingest-" in result.stdout
    assert document(command)["rows"] == []
    assert len(run(command, "--csv").stdout.splitlines()) == 1


@pytest.mark.usefixtures("empty")
def test_the_summary_of_nothing_keeps_its_reasons() -> None:
    rows = {row["metric"]: row for row in document("summary")["rows"]}
    assert rows["acceptance_rate"]["value"] is None
    assert rows["acceptance_rate"]["note"] == "no calls in this window"


def wide_listing() -> Listing:
    return models(
        {
            text: CallFigures(calls=12_345, tokens_known=1, tokens=n, decided=10, accepted=4)
            for n, text in enumerate(HOSTILE.values())
        }
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal_and_what_is_missing_is_named(width: int) -> None:
    found = wide_listing()
    lines = listing.page(found, width)
    assert len(lines) > len(HOSTILE)
    assert max(cell_width(line) for line in lines) <= width
    said = " ".join(lines[len(HOSTILE) + 1 :])
    titles = ["Model", "Calls", "Tokens", "Cost", "Acceptance", "95% from", "to", "Failed"]
    shown = [
        title for title in titles if title in lines[0].split("  ")[0] or f" {title}" in lines[0]
    ]
    for title in titles:
        if title not in shown:
            assert title in said
    assert ("Not shown" in said) == (len(shown) < len(titles))


def test_names_are_as_long_as_the_columns_that_fit_leave_room_for() -> None:
    found = models(
        {"claude-sonnet-4-5-20250929": CallFigures(calls=6436, tokens_known=1, tokens=199_158_000)}
    )
    shown = [listing.page(found, width)[1].split("  ")[0] for width in (30, 40, 60, 100)]
    assert shown == [
        *("claude-sonnet-4-5-20...", "claude-sonn...", "claude-sonnet-4-5-2..."),
        "claude-sonnet-4-5-20250929",
    ]


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    for line in [*listing.page(wide_listing(), 100), *listing.lines_of_pipe(wide_listing().table)]:
        assert not set(line) & {"\x1b", "\u202e", "\r", "\n", "\x07"}
    rows = listing.lines_of_pipe(wide_listing().table)
    assert {row.count("\t") for row in rows} == {12}


def test_a_cost_of_some_calls_says_of_how_many() -> None:
    found = models({"m": CallFigures(calls=10, priced=4, cost_nanos=2_000_000_000)})
    assert "$2.00 for 4" in listing.page(found, 200)[1]


def test_unknown_and_zero_look_different() -> None:
    columns = (Column(id="a", title="A", kind=Kind.INT), Column(id="b", title="B"))
    table = Table(id="t", title="T", columns=columns, rows=((0, ""), (None, None)))
    lines = listing.page(Listing(table=table, every=2), 80)
    assert lines == ["A  B", "0", "-  -"]


def test_lists_of_nothing_have_no_notes_of_rows() -> None:
    assert pull_requests([], by_programs=0).notes == ()
    assert sessions([], every=0, without_session=0).table.rows == ()
