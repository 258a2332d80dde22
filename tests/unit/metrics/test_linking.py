from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.metrics.delivery_evidence import AI_LABELS, evidence_of
from prodlens.metrics.delivery_inputs import DeliveryInputs
from prodlens.metrics.inputs import MetricInputs
from prodlens.metrics.measures import MEASURES
from prodlens.settings.table import ReportSettings
from prodlens.storage import ProdLensStore
from prodlens.storage.delivery_links import Evidence
from prodlens.storage.delivery_readings import PullRequest, RepositoryState, Revert

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.metrics.values import MetricValue

AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
STATE = RepositoryState(
    repo_id=1,
    slug="a/b",
    synced_at=AS_OF,
    as_of=AS_OF,
    first_commit=datetime(2026, 1, 1, tzinfo=UTC),
    commits_known=True,
    requests_known=True,
    beyond_git=True,
)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def merged(number: int, hours: int, **fields: Any) -> PullRequest:
    created = at(3, 0)
    given = {"created_at": created, "merged_at": created + timedelta(hours=hours)}
    return PullRequest(**{"repo_id": 1, "number": number, "reopened": False, **given, **fields})


def measured(
    slug: str, *requests: PullRequest, evidence: dict[int, set[Evidence]], **more: Any
) -> MetricValue:
    given = DeliveryInputs(
        start=at(2, 0),
        end=at(16, 0),
        states=(STATE,),
        requests=requests,
        evidence={(1, number): frozenset(kinds) for number, kinds in evidence.items()},
        **more,
    )
    return MEASURES[slug](MetricInputs(delivery=given))


SIGNED = {2: {Evidence.LABEL, Evidence.CO_AUTHOR}, 3: {Evidence.CO_AUTHOR}, 9: {Evidence.LABEL}}
FOUR = (
    merged(1, 30, lines=200),
    merged(2, 4, lines=11),
    merged(3, 8, lines=30),
    merged(4, 50, lines=None),
    PullRequest(repo_id=1, number=9, created_at=at(4), reopened=False),
    PullRequest(repo_id=2, number=2, created_at=at(4), merged_at=at(20), reopened=False),
)


def test_signs_are_counted_and_named() -> None:
    count = measured("ai_linked_prs", *FOUR, evidence=SIGNED)
    assert (count.value, count.n, count.note) == (2, 4, "by label 1, co-author 2")
    share = measured("ai_linked_pr_share", *FOUR, evidence=SIGNED)
    assert (share.value, share.numerator, share.denominator) == (0.5, 2, 4)
    assert share.interval is None  # a lower bound estimates nothing
    assert share.note == "one without a sign may be assisted too"


@pytest.mark.parametrize(
    ("kind", "count"),
    [("session_trailer", 0), ("transcript", 0), ("label", 1), ("co_author", 2)],
)
def test_each_kind_of_sign_is_counted(kind: str, count: int) -> None:
    assert measured(f"ai_linked_by_{kind}", *FOUR, evidence=SIGNED).value == count


@pytest.mark.parametrize(
    ("slug", "value", "n"),
    [
        ("pr_merge_time_ai_linked_hours", 6.0, 2),
        ("pr_merge_time_not_linked_hours", 40.0, 2),
        ("pr_size_ai_linked_lines", 20.5, 2),
        ("pr_size_not_linked_lines", 200.0, 1),
    ],
)
def test_both_groups_are_measured(slug: str, value: float, n: int) -> None:
    found = measured(slug, *FOUR, evidence=SIGNED)
    assert (found.value, found.n) == (value, n)


def test_rates_of_both_groups_carry_their_intervals() -> None:
    closed = [
        PullRequest(repo_id=1, number=n, closed_at=at(5), reopened=False) for n in range(10, 14)
    ]
    back = PullRequest(
        repo_id=1,
        number=14,
        closed_at=at(20),
        reopened=True,
        first_closed=at(5),
        first_reopened=at(6),
    )
    found = measured("rework_rate_ai_linked", *closed, back, evidence={14: {Evidence.LABEL}})
    assert (found.value, found.numerator, found.denominator) == (1.0, 1, 1)
    assert found.interval == pytest.approx((0.2065493, 1.0), abs=1e-6)
    rest = measured("rework_rate_not_linked", *closed, back, evidence={14: {Evidence.LABEL}})
    assert (rest.value, rest.denominator) == (0.0, 4)
    assert rest.interval == pytest.approx((0.0, 0.4898908), abs=1e-6)


def test_a_revert_counts_in_the_group_of_what_it_reverts() -> None:
    """Two pull requests have one title: the later one is reverted, whichever group is looked at."""
    early, late = merged(1, 4, title="Add"), merged(2, 30, title="Add")
    undone = (Revert(repo_id=1, at=at(8), own_number=3, title='Revert "Add"'),)
    signed = {1: {Evidence.LABEL}}
    found = measured("revert_rate_ai_linked", early, late, evidence=signed, reverts=undone)
    rest = measured("revert_rate_not_linked", early, late, evidence=signed, reverts=undone)
    assert (found.numerator, found.denominator) == (0, 1)
    assert (rest.numerator, rest.denominator) == (1, 1)


@pytest.mark.parametrize(
    ("slug", "evidence", "why"),
    [
        ("pr_merge_time_ai_linked_hours", {}, "none that is AI-linked was merged"),
        ("pr_size_not_linked_lines", {1: {Evidence.LABEL}}, "none without an AI sign was merged"),
        ("rework_rate_ai_linked", {}, "none that is AI-linked was closed"),
        ("revert_rate_not_linked", {1: {Evidence.LABEL}}, "none without an AI sign was merged"),
    ],
)
def test_an_empty_group_says_so(slug: str, evidence: dict[int, set[Evidence]], why: str) -> None:
    found = measured(slug, merged(1, 4, lines=3), evidence=evidence)
    assert (found.value, found.note) == (None, why)


def test_no_sign_is_a_count_of_zero_and_not_without_ai() -> None:
    found = measured("ai_linked_prs", *FOUR, evidence={})
    assert (found.value, found.note) == (0, "one without a sign may be assisted too")


@pytest.mark.parametrize(
    ("globs", "label", "counts"),
    [
        (AI_LABELS, "Claude-Code-Assisted", True),
        (AI_LABELS, "not-ai-assisted", False),
        (("ai:*",), "AI: much", True),
        (("ai[12]",), "ai3", False),
        ((), "claude-code-assisted", False),
        (("",), "bug", False),
    ],
)
def test_labels_are_compared_as_globs_in_any_case(
    globs: tuple[str, ...], label: str, counts: bool
) -> None:
    request = PullRequest(repo_id=1, number=4, labels=("bug", label))
    found = evidence_of([request], {}, globs)
    assert found == ({(1, 4): frozenset({Evidence.LABEL})} if counts else {})


def test_the_labels_of_the_settings_are_those_that_count_by_default() -> None:
    assert ReportSettings().ai_labels == AI_LABELS


def test_a_report_takes_the_labels_that_a_team_uses(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_pull_requests(
            {
                "number": n,
                "repo_slug": slug,
                "labels": labels,
                "merged_at": at(3),
                "created_at": at(2),
            }
            for n, slug, labels in (
                (1, "a/web", ["robot"]),
                (2, "a/web", ["ai-assisted"]),
                (3, "a/web", "no JSON"),
                (1, "a/api", []),
            )
        )

        def linked(repo: str, **options: Any) -> float | None:
            generator = ReportGenerator(store, now=lambda: AS_OF, **options)
            made = generator.build(repo=repo, since=None)
            return made.values["ai_linked_by_label"].value

        assert linked("a/web") == 1
        assert linked("a/web", ai_labels=("robot", "ai-*")) == 2
        assert linked("a/web", ai_labels=()) == 0
        assert linked("a/api") == 0
