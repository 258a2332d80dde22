"""A report with every kind of block in it, written by hand, for tests of renderers.

`sample_model()` is an ordinary one, `hostile_model()` has a hostile string wherever text from
outside can stand, `empty_model()` is that of an empty store.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fakes.hostile_strings import HOSTILE
from prodlens.exports.charts import (
    Bin,
    ForestRow,
    ForestRows,
    Histogram,
    LagProfile,
    LagRow,
    Mark,
    RateBand,
    RatePoint,
    Series,
    Sparkline,
    StackedDays,
)
from prodlens.exports.model import (
    Change,
    Estimate,
    Figure,
    FigureGroup,
    Filters,
    Finding,
    Fresh,
    Gap,
    Note,
    Quality,
    ReportModel,
    Section,
    Share,
    Versions,
)
from prodlens.exports.tables import Column, Table
from prodlens.exports.text import from_outside
from prodlens.exports.words import Kind, Status, Verdict
from prodlens.metrics.metric import Better
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from prodlens.exports.tables import Value

FIRST: Final = date(2026, 8, 24)
DAYS: Final = tuple(FIRST + timedelta(days=n) for n in range(28))
MADE: Final = datetime(2026, 9, 21, 8, tzinfo=UTC)
SENTENCE: Final = (
    "Days with more AI sessions than usual for the weekday go together with more commits the next "
    "day (r +0.46, 95% interval +0.22 to +0.65, 27 paired days). An association of day-to-day "
    "fluctuations, not an effect of AI."
)


def figure(slug: str, value: float | None, unit: Unit, **fields: Any) -> Figure:
    """Return a figure; what is not given is as plain as can be."""
    return Figure(
        **{
            "slug": slug,
            "title": slug.replace("_", " ").capitalize(),
            "unit": unit,
            "value": value,
            "status": Status.NOT_KNOWN if value is None else Status.KNOWN,
            "better": Better.NEITHER,
            "definition": f"What {slug} is.",
            **fields,
        }
    )


SESSIONS: Final = figure(
    "sessions", 7493, Unit.COUNT, change=Change(previous=5430, difference=38.0)
)
ACCEPTANCE: Final = figure(
    "acceptance_rate",
    0.394,
    Unit.SHARE,
    low=0.381,
    high=0.407,
    n=5200,
    numerator=2049,
    denominator=5200,
    better=Better.UP,
    change=Change(
        previous=0.367,
        previous_n=4100,
        difference=0.027,
        in_points=True,
        low=0.004,
        high=0.05,
        verdict=Verdict.BETTER,
    ),
)
ERRORS: Final = figure(
    "error_rate",
    0.025,
    Unit.SHARE,
    low=0.02,
    high=0.031,
    n=5200,
    numerator=130,
    denominator=5200,
    better=Better.DOWN,
    change=Change(
        previous=0.021,
        difference=0.004,
        in_points=True,
        low=0.001,
        high=0.007,
        verdict=Verdict.WORSE,
    ),
)
GROWTH: Final = figure(
    "session_growth_percent",
    None,
    Unit.PERCENT,
    status=Status.NOT_ENOUGH_DATA,
    note="fewer than 14 whole days: 4 more are needed",
    days_missing=4,
)
COST: Final = figure(
    "cost_usd",
    3630.25,
    Unit.USD,
    n=41208,
    change=Change(previous=None, note="no calls are known then"),
)
FIGURES: Final = (
    SESSIONS,
    ACCEPTANCE,
    ERRORS,
    COST,
    GROWTH,
    figure("merged_prs", 0.0, Unit.COUNT, n=0),
    figure("median_latency_ms", 3100.4, Unit.MILLISECONDS, n=5200, better=Better.DOWN),
    figure("pr_merge_time_hours", 18.43, Unit.DURATION_HOURS, n=212, better=Better.DOWN),
)


def _table(name: str, columns: tuple[Column, ...], rows: tuple[tuple[Value, ...], ...]) -> Table:
    return Table(id=name, title=name.replace("_", " ").capitalize(), columns=columns, rows=rows)


DAY: Final = Column(id="day", title="Day", kind=Kind.DATE)


def stacked(names: tuple[str, ...]) -> StackedDays:
    """Return four weeks of tokens of some models; the tenth day is not known."""
    series = tuple(
        Series(
            name=name,
            values=tuple(
                None if n == 9 else float((place + 2) * 1_000_000 * (1 + n % 7 < 6) + 10_000 * n)
                for n in range(len(DAYS))
            ),
            is_rest=place == len(names) - 1,
        )
        for place, name in enumerate(names)
    )
    columns = (
        DAY,
        *(Column(id=f"series_{n}", title=name, kind=Kind.INT) for n, name in enumerate(names)),
    )
    cells = [[None if value is None else round(value) for value in one.values] for one in series]
    return StackedDays(
        id="daily_tokens",
        title="Daily use by model",
        subtitle="Tokens, input and output, 24 Aug to 20 Sep 2026 (UTC)",
        alt=f"Tokens of {len(names)} models over 28 days.",
        table=_table("daily_tokens", columns, tuple(zip(DAYS, *cells, strict=True))),
        note="Whole UTC days that are over.",
        days=DAYS,
        series=series,
        unit=Unit.TOKENS,
    )


def band() -> RateBand:
    """Return four weeks of a rate; the first six days have none."""
    points = tuple(
        RatePoint(
            day=day,
            value=None if n < 6 else 0.35 + 0.002 * n,
            low=None if n < 6 else 0.31 + 0.002 * n,
            high=None if n < 6 else 0.39 + 0.002 * n,
            numerator=40 + n,
            denominator=120,
            of_the_day=None if n % 7 > 4 else 0.3 + 0.01 * (n % 9),
        )
        for n, day in enumerate(DAYS)
    )
    columns = (
        DAY,
        *(Column(id=name, title=name, kind=Kind.PERCENT) for name in ("rate", "low", "high")),
        Column(id="part", title="Of the week", kind=Kind.INT),
        Column(id="whole", title="Out of", kind=Kind.INT),
    )
    rows = tuple(
        (one.day, one.value, one.low, one.high, one.numerator, one.denominator) for one in points
    )
    return RateBand(
        id="acceptance_by_week",
        title="Acceptance rate",
        subtitle="Rate over 7 days with 95% Wilson interval",
        alt="The acceptance rate rose from 36.2% to 40.4%.",
        table=_table("acceptance_by_week", columns, rows),
        points=points,
        unit=Unit.SHARE,
    )


def lags() -> LagProfile:
    """Return eleven lags: +1 declared beforehand, +2 passes, +7 has none."""
    values = (0.06, -0.05, 0.08, 0.30, 0.46, 0.40, 0.30, 0.16, 0.12, -0.01, None)
    rows = tuple(
        LagRow(
            lag_days=lag,
            value=r,
            low=None if r is None else r - 0.24,
            high=None if r is None else r + 0.24,
            n=27 - abs(lag),
            q=0.021 if lag == 2 else None if lag < 2 or r is None else 0.4,
            role="placebo" if lag < 0 else "confirmatory" if lag == 1 else "exploratory",
            stands_out=lag in {1, 2},
            reason="" if r is not None else "insufficient_data",
        )
        for lag, r in zip(range(-3, 8), values, strict=True)
    )
    columns = (
        Column(id="lag_days", title="Lag in days", kind=Kind.INT, signed=True),
        *(Column(id=n, title=n, kind=Kind.FLOAT, signed=True) for n in ("r", "low", "high")),
        Column(id="days", title="Paired days", kind=Kind.INT),
    )
    return LagProfile(
        id="lag_profile",
        title="AI sessions and commits, by lag",
        subtitle="Correlation with 95% interval",
        alt="Lags +1 and +2 stand out.",
        table=_table(
            "lag_profile", columns, tuple((o.lag_days, o.value, o.low, o.high, o.n) for o in rows)
        ),
        note="An association, not an effect of AI.",
        rows=rows,
        before="commits before AI sessions (placebo)",
        after="days from AI sessions to commits",
    )


def forest() -> ForestRows:
    """Return differences in per cent: better, unclear, worse, and one without an interval."""
    rows = (
        ForestRow(
            title="merged pull requests",
            value=19.0,
            low=4.0,
            high=36.0,
            detail="14 days of high use, 13 of low",
            verdict=Verdict.BETTER,
        ),
        ForestRow(title="hours to merge", value=-9.0, low=-23.0, high=6.0, verdict=Verdict.UNCLEAR),
        ForestRow(title="reopened", value=13.0, low=3.0, high=45.0, verdict=Verdict.WORSE),
        ForestRow(title="commits", value=10.0),
    )
    columns = (
        Column(id="outcome", title="Outcome"),
        *(
            Column(id=n, title=n, kind=Kind.PERCENT, signed=True)
            for n in ("difference", "low", "high")
        ),
    )
    shares = tuple(
        (
            one.title,
            one.value / 100,
            None if one.low is None else one.low / 100,
            None if one.high is None else one.high / 100,
        )
        for one in rows
    )
    return ForestRows(
        id="high_low_days",
        title="Outcomes after days of high against low use",
        subtitle="Difference with 95% interval",
        alt="Four outcomes.",
        table=_table("high_low_days", columns, shares),
        rows=rows,
        in_percent=True,
    )


def ratios() -> ForestRows:
    """Return a ratio around 1."""
    row = ForestRow(
        title="Tokens, accepted / rejected", value=0.99, low=0.96, high=1.03, word="negligible"
    )
    columns = (
        Column(id="measure", title="Measure"),
        Column(id="value", title="Size", kind=Kind.FLOAT),
    )
    return ForestRows(
        id="effect_tokens",
        title="Tokens",
        subtitle="Ratio; at 1 they are alike",
        alt="One ratio.",
        table=_table("effect_tokens", columns, ((row.title, row.value),)),
        rows=(row,),
        neutral=1.0,
    )


def spread() -> Histogram:
    """Return durations from 0.1 s to 10 s, on a logarithmic axis."""
    edges = [10 ** (2 + n / 10) for n in range(21)]
    bins = tuple(Bin(low=edges[n], high=edges[n + 1], count=n * (20 - n)) for n in range(20))
    columns = (
        Column(id="from", title="From", kind=Kind.DURATION),
        Column(id="below", title="Below", kind=Kind.DURATION),
        Column(id="calls", title="Calls", kind=Kind.INT),
    )
    return Histogram(
        id="response_time",
        title="Response time",
        subtitle="1,330 calls, logarithmic scale",
        alt="Median 1.0 s, 95% 5.2 s.",
        table=_table(
            "response_time", columns, tuple((o.low / 1e3, o.high / 1e3, o.count) for o in bins)
        ),
        bins=bins,
        marks=(Mark(label="median", value=1000.0), Mark(label="95%", value=5200.0)),
        unit=Unit.MILLISECONDS,
    )


def models(names: tuple[str, ...]) -> Table:
    """Return a table of models with every kind of cell; the last one has no price."""
    columns = (
        Column(id="model", title="Model"),
        Column(id="calls", title="Calls", kind=Kind.INT),
        Column(id="tokens", title="Tokens", kind=Kind.INT),
        Column(id="cost", title="Cost", kind=Kind.MONEY),
        Column(id="priced", title="Priced", kind=Kind.INT),
        Column(id="accepted", title="Accepted", kind=Kind.INT),
        Column(id="decided", title="Decided", kind=Kind.INT),
        Column(id="acceptance", title="Acceptance", kind=Kind.PERCENT),
        Column(id="score", title="Score", kind=Kind.FLOAT, signed=True),
        Column(id="first", title="First day", kind=Kind.DATE),
        Column(id="last", title="Last call", kind=Kind.INSTANT),
        Column(id="p50", title="Median", kind=Kind.DURATION),
    )
    rows = tuple(
        (
            name,
            100 - n,
            178_828_817 - n,
            None if n == len(names) - 1 else 1048.31,
            0 if n == len(names) - 1 else 100 - n,
            4,
            10,
            0.4,
            -0.3,
            FIRST,
            MADE,
            3.1,
        )
        for n, name in enumerate(names)
    )
    return Table(
        id="models", title="Cost by model", columns=columns, rows=rows, note="Highest cost first."
    )


def sparkline() -> Sparkline:
    """Return four weeks with a gap."""
    values = tuple(None if n < 6 else 100.0 + n for n in range(28))
    columns = (DAY, Column(id="value", title="Sessions", kind=Kind.FLOAT))
    return Sparkline(
        id="spark_sessions",
        title="Sessions",
        subtitle="mean per day over 7 days",
        alt="Sessions rose.",
        table=_table("spark_sessions", columns, tuple(zip(DAYS, values, strict=True))),
        days=DAYS,
        values=values,
        unit=Unit.COUNT,
    )


def _sections(names: tuple[str, ...]) -> tuple[Section, ...]:
    found = Finding(
        id="association_commits",
        name="commits, +1 d",
        text=SENTENCE,
        detail="n 27 pairs of days, worth 22; declared beforehand, p 0.004; status ok",
        estimate=Estimate(
            value=0.46, low=0.22, high=0.65, n=27, n_effective=22.0, p=0.004, role="confirmatory"
        ),
        remarks=("1 day of 28 left out: not covered by both.",),
    )
    waiting = Finding(
        id="association_merged_prs",
        name="merged PRs, +1 d",
        text="Not enough data: 5 more days are needed.",
        status=Status.NOT_ENOUGH_DATA,
        days_missing=5,
    )
    group = FigureGroup(id="use", title="Use", figures=(SESSIONS, GROWTH, ERRORS))
    taken = FigureGroup(
        id="acceptance",
        title="Acceptance",
        figures=(ACCEPTANCE,),
        remarks=("Acceptance rate: a remark",),
    )
    delivery = FigureGroup(
        id="delivery", title="Delivery", figures=(FIGURES[5],), reason="no deliveries"
    )
    return (
        Section(id="use", title="Use", blocks=(group, stacked(names[:5]), spread())),
        Section(id="acceptance", title="Acceptance", blocks=(taken, band())),
        Section(
            id="cost",
            title="Tokens and cost",
            blocks=(
                FigureGroup(id="cost", title="Tokens and cost", figures=(COST,)),
                models(names),
            ),
        ),
        Section(id="delivery", title="Delivery", blocks=(delivery,)),
        Section(
            id="association",
            title="Association of AI sessions with deliveries",
            subtitle="Pearson, weekday and trend removed, 95% interval",
            blocks=(found, waiting, lags(), forest()),
        ),
        Section(
            id="effects",
            title="Effect sizes, accepted against rejected calls",
            blocks=(ratios(),),
            note="974 accepted and 1,271 rejected calls",
        ),
    )


MODELS: Final = (
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-haiku-4-5",
    "gpt-5.5-codex",
    "gemini-3-pro",
)


def sample_model(names: tuple[str, ...] = MODELS, *, place: str = "acme/payments") -> ReportModel:
    """Return a report with every kind of block.

    Args:
        names: Models, five or more.
        place: Repository and source.
    """
    return ReportModel(
        title="AI use and delivery",
        subtitle=f"{place} · 24 Aug to 20 Sep 2026 · 24 developers · 41,208 calls",
        findings=(Finding(id="headline", text=SENTENCE, detail="n 27 pairs of days, worth 22"),),
        key_figures=(SESSIONS, COST, ACCEPTANCE, ERRORS),
        sparklines={"sessions": sparkline()},
        sections=_sections(names),
        figures=FIGURES,
        notes=(
            Note(
                code="window_clipped",
                text=f"Data begin on 24 Aug 2026 for {place}: the window is clipped to that day.",
            ),
            Note(
                code="calls_taken_as_independent",
                text="Intervals take calls as independent.",
                is_said_elsewhere=True,
            ),
        ),
        quality=Quality(
            calls=41208,
            shares=(
                Share(name="developer", known=41208, of=41208),
                Share(name="cost", known=41200, of=41208),
                Share(name="decision", known=5200, of=41208),
            ),
            sources=((place, 41208),),
            remarks=("calls on 28 of 28 days", "Intervals take calls as independent."),
            deliveries=("2 commits of programs left out",),
            freshness=(
                Fresh(name="calls", at=MADE, text="calls: last one 2026-09-21 08:00 UTC"),
                Fresh(name=place, at=MADE, text=f"{place}: last read 2026-09-21 08:00 UTC"),
            ),
            set_aside=6,
            gaps=(
                Gap(
                    text=f"8 calls without a cost: {names[-1]}", command="prod-lens prices missing"
                ),
            ),
        ),
        filters=Filters(
            repo=place,
            since=datetime(2026, 8, 24, tzinfo=UTC),
            until=None,
            first_day=DAYS[0],
            last_day=DAYS[-1],
            incomplete_day=None,
            lag_days=1,
            policy_models=("claude-*",),
            compare="previous",
            compared_first_day=DAYS[0] - timedelta(days=28),
            compared_last_day=DAYS[-1] - timedelta(days=28),
        ),
        versions=Versions(prodlens="0.1.0", schema="prodlens.report/1", rules="1", method="1"),
        fingerprint="0123456789abcdef" * 4,
        generated_at=MADE,
        contract={"acceptance_rate": 0.394, "models": [{"model": name} for name in names]},
    )


def hostile_model(*, raw: bool = False) -> ReportModel:
    """Return the report with every hostile string as a model, and one as the repository.

    Args:
        raw: As no report would hold them: with control characters, and endless. A renderer must
            not break on those either.
    """
    texts = tuple(HOSTILE.values())
    names = texts if raw else tuple(from_outside(text) for text in texts)
    return sample_model(names, place="".join(names[:8]))


def empty_model() -> ReportModel:
    """Return the report of an empty store."""
    whole = sample_model()
    return replace(
        whole,
        subtitle="all repositories · 0 calls",
        findings=(Finding(id="headline", text="There are no calls in the database."),),
        key_figures=(),
        sparklines={},
        sections=(),
        notes=(),
        quality=Quality(
            calls=0, gaps=(Gap(text="no calls: read some", command="prod-lens ingest-traces PATH"),)
        ),
        filters=Filters(
            repo=None,
            since=None,
            until=None,
            first_day=None,
            last_day=None,
            incomplete_day=None,
            lag_days=1,
        ),
    )
