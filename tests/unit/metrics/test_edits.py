"""Edits: who decided about them, what was kept, and that no automatic approval is an acceptance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.aggregation import DailyAggregator
from prodlens.metrics import ReportGenerator, edits
from prodlens.metrics.inputs import MetricInputs, read_inputs
from prodlens.metrics.measures import measure
from prodlens.metrics.measuring import share
from prodlens.schemas import CanonicalTrace, DecidedBy, Decision, Suggestion
from prodlens.selection import Selection
from prodlens.sources.edits import salted
from prodlens.storage import ProdLensStore, edit_readings, recording, suggestions, where
from prodlens.storage.edit_readings import EditFigures
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.values import MetricValue

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OUTCOMES = (
    *(("web", Decision.ACCEPT, DecidedBy.USER),) * 3,
    ("web", Decision.REJECT, DecidedBy.USER),
    *(("web", Decision.ACCEPT, DecidedBy.AUTO),) * 4,
    ("web", Decision.ACCEPT, DecidedBy.UNKNOWN),
    ("api", Decision.REJECT, DecidedBy.USER),
    ("api", Decision.DENIED_BY_POLICY, DecidedBy.POLICY),
    ("api", Decision.ERROR, DecidedBy.UNKNOWN),
    ("api", None, None),
)
"""One call each, that proposed one edit of two lines; calls of `api` are of another model."""


def call(number: int, repo: str) -> CanonicalTrace:
    return CanonicalTrace(
        session_id=f"s{number}",
        developer_id="ada",
        timestamp=NOON,
        model={"web": "claude-sonnet-4-5", "api": "gpt-5-codex"}[repo],
        tokens_in=100,
        tokens_out=10,
        latency_ms=None,
        status_code=200,
        accepted_flag=None,
        repo_slug=f"acme/{repo}",
        native_key=f"message:{number}",
        source="claude_code",
    )


def edit(number: int, decision: Decision | None, by: DecidedBy | None) -> Suggestion:
    return Suggestion(
        key=f"tool:{number}",
        source="claude_code",
        call_key=f"message:{number}",
        timestamp=NOON,
        tool="Edit",
        proposed_lines=2,
        line_digests=(10 * number, 10 * number + 1),
        file_digests=(number,),
        applied_lines=2 if decision is Decision.ACCEPT else None,
        decision=decision,
        decided_by=by,
        decision_source=None if decision is None else "event",
        is_proposal=True,
    )


def fill(store: ProdLensStore) -> None:
    records = recording.Records()
    for number, (repo, decision, by) in enumerate(OUTCOMES):
        records.calls.append(observe(call(number, repo)))
        records.suggestions.append((edit(number, decision, by), NOWHERE))
    with store.transaction() as conn:
        recording.record(conn, records, salted=lambda digests: salted(digests, b"salt"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        fill(opened)
        yield opened


def keep(store: ProdLensStore, number: int, status: str, lines: int | None) -> None:
    with store.transaction() as conn:
        found = conn.execute(
            "select id from suggestions where suggestion_key = ?", (f"tool:{number}",)
        )
        one = int(found.fetchone()[0])
        suggestions.set_retention(conn, one, status=status, lines=lines, sha=None)


def values(store: ProdLensStore, **slice_of: Any) -> dict[str, MetricValue]:
    return measure(read_inputs(store, Selection(**slice_of)))


def test_automatic_approvals_are_in_no_acceptance_rate(store: ProdLensStore) -> None:
    by_call = [
        tuple(row)
        for row in store.conn.execute(
            "select accepted_source, accepted_flag, count(*) from sessions group by 1, 2"
        )
    ]
    assert ("suggestions_auto", 1, 4) in by_call
    found = values(store, repositories=("acme/web",))
    # four calls were only approved by a setting; five were decided otherwise, one of them rejected
    rate = found["acceptance_rate"]
    assert (rate.numerator, rate.denominator) == (4, 5)
    assert found["acceptance_coverage"].value == pytest.approx(5 / 9)
    sessions = found["session_acceptance_rate"]
    assert (sessions.numerator, sessions.denominator) == (4, 5)
    assert found["accepted_lines"].value == 8
    assert found["tokens_per_accept"].n == 4


def test_where_settings_let_everything_pass_nobody_was_asked(store: ProdLensStore) -> None:
    store.conn.execute("delete from sessions where accepted_source is not 'suggestions_auto'")
    store.conn.commit()
    found = values(store)
    asked = ("acceptance_rate", "session_acceptance_rate", "accepted_lines", "tokens_per_accept")
    assert {(found[slug].value, found[slug].note) for slug in asked} == {
        (None, "settings let every proposal pass, nobody was asked")
    }


def test_rollups_and_the_report_leave_them_out_too(store: ProdLensStore) -> None:
    DailyAggregator(store).write_aggregates()
    (day,) = store.fetch_daily_session_metrics()
    assert (day["accepted_count"], day["decided_count"], day["session_count"]) == (4, 6, 13)
    usage = store.conn.execute(
        "select model, accepted, decided, accepted_lines from daily_usage order by model"
    )
    assert [tuple(row) for row in usage] == [
        ("claude-sonnet-4-5", 4, 5, 8),
        ("gpt-5-codex", 0, 1, 0),
    ]
    report = ReportGenerator(store).build_whole(repo=None, since=None)
    document = report.to_dict()
    assert document["acceptance_rate"] == pytest.approx(4 / 6)
    assert document["effect_sizes"]["model_acceptance_rates"] == {
        "claude-sonnet-4-5": 0.8,
        "gpt-5-codex": 0.0,
    }
    sessions = ReportGenerator(store).compute_effect_sizes(store.sessions_dataframe())
    assert sessions["model_acceptance_rates"] == {"claude-sonnet-4-5": 0.8, "gpt-5-codex": 0.0}


def test_edits_are_counted_by_what_became_of_them_and_who_decided(store: ProdLensStore) -> None:
    found = values(store)
    counts = {slug: one.value for slug, one in found.items() if slug.startswith("edits_")}
    assert counts == {
        "edits_proposed": 13,
        "edits_auto_approved": 4,
        "edits_auto_share": pytest.approx(4 / 13),
        "edits_accepted": 8,
        "edits_accepted_unknown": 1,
        "edits_rejected": 2,
        "edits_denied": 1,
        "edits_failed": 1,
        "edits_undecided": 1,
    }
    rate = found["edit_acceptance_rate"]
    assert (rate.numerator, rate.denominator, rate.n) == (3, 5, 5)
    assert rate.interval == pytest.approx((0.2307, 0.8824), abs=1e-4)
    assert rate.note == "a person's decision is known for 5 of 13 edits"
    assert found["edits_auto_share"].interval == pytest.approx((0.1268, 0.5763), abs=1e-4)
    assert (found["edit_lines_proposed"].value, found["edit_lines_applied"].value) == (26, 16)


def test_what_is_pending_is_not_zero(store: ProdLensStore) -> None:
    found = values(store)
    assert found["edit_retained_share"].value is None
    assert found["edit_retained_share"].note == "no clone was read (prod-lens retention)"
    for number in (0, 1):
        keep(store, number, "pending", None)
    found = values(store)
    assert found["edit_retained_share"].value is None
    assert found["edit_retained_share"].note == (
        "accepted edits are still pending: no commit holds them yet"
    )
    keep(store, 0, "kept", 2)
    keep(store, 2, "kept", 1)
    keep(store, 4, "not_committed", 0)
    found = values(store)
    kept = found["edit_retained_share"]
    assert (kept.numerator, kept.denominator, kept.n) == (3, 6, 3)
    assert kept.note == "it is known for 3 of 8 accepted edits, 1 pending"
    # n_eff = .25 / (((2-1)^2 + 0 + (0-1)^2) * 3 / 2 / 36) = 3: three edits, not six lines
    assert kept.interval == pytest.approx((0.1253, 0.8747), abs=1e-4)
    coverage = found["edit_retention_coverage"]
    assert (coverage.value, coverage.interval) == (3 / 8, None)


def test_each_repository_and_model_has_a_line_with_its_interval(store: ProdLensStore) -> None:
    inputs = read_inputs(store, Selection())
    web, api = edits.by_repository(inputs)
    assert (web.name, web.figures.edits, api.name, api.figures.edits) == (
        *("acme/web", 9),
        *("acme/api", 4),
    )
    assert (web.acceptance.value, web.acceptance.n) == (0.75, 4)
    assert web.acceptance.interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert web.automatic.value == pytest.approx(4 / 9)
    assert (api.acceptance.value, api.automatic.value) == (0.0, 0.0)
    assert [line.name for line in edits.by_model(inputs)] == ["claude-sonnet-4-5", "gpt-5-codex"]


@pytest.mark.parametrize(
    ("slice_of", "proposed"),
    [
        ({"repositories": ("acme/api",)}, 4),
        ({"models": ("claude-*",)}, 9),
        ({"developers": ("bob",)}, None),
        ({"sources": ("claude_code",)}, 13),
        ({"traffic": ("human",)}, None),
        ({"until": NOON}, None),
        ({"since": NOON}, 13),
    ],
)
def test_a_slice_of_calls_is_a_slice_of_their_edits(
    store: ProdLensStore, slice_of: dict[str, Any], proposed: int | None
) -> None:
    assert values(store, **slice_of)["edits_proposed"].value == proposed


def test_an_edit_of_a_call_that_nobody_recorded_has_no_model(store: ProdLensStore) -> None:
    store.conn.execute("delete from sessions where model = 'gpt-5-codex'")
    store.conn.commit()
    lines = edits.by_model(read_inputs(store, Selection()))
    assert [(line.name, line.figures.edits) for line in lines] == [
        ("claude-sonnet-4-5", 9),
        (None, 4),
    ]


def test_without_edits_nothing_is_claimed() -> None:
    found = measure(MetricInputs())
    told = {slug: one for slug, one in found.items() if slug in edits.MEASURES}
    assert {one.value for one in told.values()} == {None}
    assert {one.note for one in told.values()} == {"no source tells of proposed edits"}


def test_edits_of_which_none_was_accepted_applied_no_line() -> None:
    inputs = MetricInputs(edits={(None, None): EditFigures(edits=2, rejected=2)})
    measured = measure(inputs, ["edit_lines_applied", "edit_lines_proposed"])
    assert measured["edit_lines_applied"].value == 0
    assert measured["edit_lines_proposed"].value is None
    assert measured["edit_lines_proposed"].note == "no record says how many lines edits have"


SIZES = st.lists(
    st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(sizes=SIZES)
def test_the_interval_of_what_was_kept_holds_it_and_is_never_narrower_than_single_lines(
    sizes: list[tuple[int, int]],
) -> None:
    one = edits.retained_of(
        EditFigures(
            edits=len(sizes),
            accepted=len(sizes),
            measured=len(sizes),
            measured_lines=sum(n for n, _ in sizes),
            retained_lines=sum(k for _, k in sizes),
            lines_squared=sum(n * n for n, _ in sizes),
            retained_squared=sum(k * k for _, k in sizes),
            lines_retained=sum(n * k for n, k in sizes),
        )
    )
    assert one.value is not None
    assert one.interval is not None
    low, high = one.interval
    assert 0 <= low <= one.value <= high <= 1
    lines = share(sum(k for _, k in sizes), sum(n for n, _ in sizes), nothing="")
    assert lines.interval is not None
    assert high - low >= (lines.interval[1] - lines.interval[0]) * (1 - 1e-9)


def test_groups_add_up_to_the_whole(store: ProdLensStore) -> None:
    groups = edit_readings.by_repository_and_model(store.conn, where.sessions(Selection()))
    for part in (0, 1):
        parts = edit_readings.by_part(groups, part)
        assert edit_readings.total(parts.values()) == edit_readings.total(groups.values())
