"""Makes the parts of a report about association and effect sizes: findings, lags, forest rows.

Words what the statistics say; computes no value. Sentences: `prodlens.metrics.sentences`,
`prodlens.metrics.high_low_days`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.charts import ForestRow, ForestRows
from prodlens.exports.model import Estimate, Finding, Section
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind, Status
from prodlens.metrics.association import Q
from prodlens.metrics.notes import day_text
from prodlens.metrics.sentences import NAMES, probability, sentence, signed, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.model import Block
    from prodlens.metrics.association import Comparison
    from prodlens.metrics.effects import EffectSizes, Size
    from prodlens.metrics.report import Report
    from prodlens.stats.association import LaggedAssociation

SHORT: Final = {"commits": "commits", "merged_prs": "merged PRs"}
_METHOD: Final = "Pearson, weekday and trend removed, 95% interval"
_NAMED: Final = 3


def association_section(report: Report) -> Section | None:
    """Return the part about association; None when there is nothing to compare."""
    blocks: list[Block] = [*_findings(report)]
    if not blocks:
        return None
    if report.over_time is not None and report.over_time.profile is not None:
        from prodlens.exports.building_lags import high_low_rows, lag_profile

        chart = lag_profile(report)
        blocks += [] if chart is None else [chart]
        forest = high_low_rows(report.over_time.outcomes)
        blocks += [] if forest is None else [forest]
    first = report.associations.commits
    return Section(
        id="association",
        title=f"Association of {NAMES.get(first.exposure, first.exposure)} with deliveries",
        subtitle=_METHOD,
        blocks=tuple(blocks),
    )


def _findings(report: Report) -> Iterator[Finding]:
    found = report.associations.every
    if not found:
        return
    if all(one.result is None for one in found):
        if report.coverage.calls and report.coverage.deliveries.states:
            yield Finding(id="association", text=sentence(found[0]), status=Status.NOT_KNOWN)
        return
    said = {sentence(one) for one in found}
    if len(said) == 1 and not any(one.is_tested for one in found):
        yield Finding(
            id="association",
            name=lag(found[0].lag_days),
            text=said.pop(),
            status=Status.NOT_ENOUGH_DATA,
            days_missing=found[0].more_days,
        )
        return
    for one in found:
        made = finding_of(one)
        if one is report.associations.declared:
            use = NAMES.get(one.exposure, one.exposure)
            made = replace(made, id="association_declared", name=f"{use}, {made.name}")
        yield made


def finding_of(comparison: Comparison) -> Finding:
    """Return what may be said about a comparison, with its numbers when it was tested."""
    name = f"{SHORT.get(comparison.outcome, comparison.outcome)}, {lag(comparison.lag_days)}"
    result = comparison.result
    tested = result is not None and comparison.is_tested
    return Finding(
        id=f"association_{comparison.outcome}",
        name=name,
        text=sentence(comparison),
        detail="; ".join(_basis(comparison, result)) if result is not None and tested else "",
        estimate=_estimate(comparison, result) if result is not None and tested else None,
        remarks=(*_remarks(comparison), *standing(comparison), *_choices(comparison)),
        status=Status.KNOWN if tested else Status.NOT_ENOUGH_DATA,
        days_missing=comparison.more_days,
    )


def _estimate(comparison: Comparison, result: LaggedAssociation) -> Estimate:
    return Estimate(
        value=result.r or 0.0,
        low=result.ci_low or 0.0,
        high=result.ci_high or 0.0,
        n=result.n_pairs,
        n_effective=result.n_eff,
        p=result.p_value if comparison.is_primary else None,
        q=comparison.q,
        family_size=comparison.family_size,
        role=comparison.standing,
    )


def lag(days: int) -> str:
    """Return a lag as a label: `same day`, `+1 d`."""
    return f"+{days} d" if days else "same day"


def _basis(comparison: Comparison, result: LaggedAssociation) -> Iterator[str]:
    worth = f", worth {result.n_eff:,.0f}" if result.n_eff is not None else ""
    yield f"n {figures.counted(result.n_pairs, 'pair')} of days{worth}"
    if comparison.is_primary:
        word = "primary by default" if comparison.standing == "primary" else "declared beforehand"
        yield f"{word}, p {probability(result.p_value or 0.0)}"
    elif comparison.q is not None:
        yield (
            f"exploratory, q {probability(comparison.q)} held against {Q:.2f}, "
            f"family of {comparison.family_size}"
        )
    yield f"status {comparison.status}"
    ends = result.effect_ci_low, result.effect_ci_high
    if result.effect_percent is not None and ends[0] is not None and ends[1] is not None:
        more = f"{result.effect_percent:+.0f}% [{ends[0]:+.0f}%, {ends[1]:+.0f}%]"
        what = SHORT.get(comparison.outcome, comparison.outcome)
        yield f"about {more} {what} for one standard deviation more use"


def _remarks(comparison: Comparison) -> Iterator[str]:
    if comparison.is_longest_run and comparison.days is not None:
        between = figures.day_range(comparison.days.first, comparison.days.last)
        yield (
            f"Too many days are without coverage: only the longest run of covered days is "
            f"compared, {between}."
        )
    missing = comparison.days_in_window - comparison.days_covered
    if comparison.days is not None and missing and not comparison.is_longest_run:
        word = figures.counted(missing, "day")
        yield f"{word} of {comparison.days_in_window:,} left out: not covered by both."
    without, quiet = comparison.without_quiet, comparison.quiet_workdays
    if without is not None and without.r is not None:
        named = ", ".join(day_text(day) for day in quiet[:_NAMED])
        named += ", ..." if len(quiet) > _NAMED else ""
        ends = f"[{signed(without.ci_low or 0.0)}, {signed(without.ci_high or 0.0)}]"
        count = figures.counted(len(quiet), "work day")
        yield (
            f"Without {count} on which hardly anything happened ({named}): "
            f"{signed(without.r)} {ends}."
        )


def _choices(comparison: Comparison) -> Iterator[str]:
    """Yield how much the estimate hangs on choices, where that was computed."""
    words = "" if comparison.strip is None else comparison.strip.in_words()
    if words:
        yield words


def effects_section(report: Report) -> Section | None:
    """Return the part about effect sizes; None when there is nothing to compare."""
    found = report.effects
    if found.latency_dominance.value is None and found.token_ratio_disjoint.value is None:
        return None
    duration = [
        _row("Response time, Cohen's d", found.latency),
        _row("Response time, d of logarithms", found.latency_log),
        _row("Response time, Cliff's delta", found.latency_dominance),
    ]
    tokens = [
        _row("Tokens, accepted / rejected", found.token_ratio_disjoint),
        None
        if found.token_ratio is None
        else ForestRow(title="Tokens, accepted / all", value=found.token_ratio),
    ]
    charts = (
        _forest("effect_duration", "Response time", [row for row in duration if row], 0.0),
        _forest("effect_tokens", "Tokens", [row for row in tokens if row], 1.0),
    )
    return Section(
        id="effects",
        title="Effect sizes, accepted against rejected calls",
        blocks=tuple(chart for chart in charts if chart.rows),
        note=_counts(found),
    )


def _row(title: str, size: Size) -> ForestRow | None:
    if size.value is None:
        return None
    whole = size.ci_low is not None and size.ci_high is not None
    return ForestRow(
        title=title,
        value=size.value,
        low=size.ci_low if whole else None,
        high=size.ci_high if whole else None,
        word=size.word or "",
    )


def _forest(name: str, title: str, rows: list[ForestRow], neutral: float) -> ForestRows:
    what = "difference" if neutral == 0.0 else "ratio"
    return ForestRows(
        id=name,
        title=f"{title}, accepted against rejected calls",
        subtitle=f"{what.capitalize()}; at {neutral:g} they are alike",
        alt=f"{title}: {what} of accepted and rejected calls, with 95% intervals where there are any.",
        table=Table(
            id=name,
            title=f"{title}, accepted against rejected calls",
            columns=(
                Column(id="measure", title="Measure"),
                Column(id="value", title="Size", kind=Kind.FLOAT, signed=neutral == 0.0),
                Column(id="low", title="95% from", kind=Kind.FLOAT, signed=neutral == 0.0),
                Column(id="high", title="to", kind=Kind.FLOAT, signed=neutral == 0.0),
                Column(id="word", title="In words"),
            ),
            rows=tuple((row.title, row.value, row.low, row.high, row.word) for row in rows),
        ),
        rows=tuple(rows),
        neutral=neutral,
    )


def _counts(found: EffectSizes) -> str:
    counts = f"{found.accepted:,} accepted and {found.rejected:,} rejected calls"
    if found.ci_reason is not None:
        return f"{counts}; no intervals: {found.ci_reason}"
    return f"{counts} of {found.developers:,} developers; intervals draw whole developers"
