"""What a report says, whatever file it ends up in: findings, figures, charts, tables, notes.

Plain frozen values and nothing that computes, reads or formats. `prodlens.exports.building` makes
one; every renderer takes one and adds nothing to it. None is "not known" everywhere and never 0;
no number is NaN or infinite. Days are UTC days, instants aware UTC, money US dollars, shares 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports.charts import (
    Chart,
    ForestRows,
    Histogram,
    LagProfile,
    RateBand,
    StackedDays,
)
from prodlens.exports.tables import Table
from prodlens.exports.words import Status, Verdict, finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from prodlens.exports.charts import Sparkline
    from prodlens.metrics.metric import Better
    from prodlens.metrics.values import Unit

SCHEMA: Final = "prodlens.report/1"
"""Name and version of the form; a key that changes its meaning makes a new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure against the same one of another time, matched by weekday.

    Attributes:
        previous: Value of the other time, in the figure's unit; None when not known.
        previous_n: Observations it rests on; None where that has no meaning.
        difference: Value now less value then: `points` for a share (in shares, 0.027 is 2.7
            points), else per cent of the earlier value; None when not defined.
        in_points: Whether `difference` is in shares instead of per cent.
        low: Lower end of the 95 % interval of the difference, in its unit; None without one.
        high: Upper end.
        verdict: Colour it deserves; `none` for use and cost, which are no verdict.
        note: Why there is no difference or no interval; None when nothing needs saying.
    """

    previous: float | None
    previous_n: int | None = None
    difference: float | None = None
    in_points: bool = False
    low: float | None = None
    high: float | None = None
    verdict: Verdict = Verdict.NONE
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.previous, self.difference, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric of the catalogue with what it rests on.

    Attributes:
        slug: Its name in the catalogue, in CSV and JSON; the anchor of its definition.
        title: Its name for people.
        unit: What the value counts; decides how it is written (`figures.number`).
        value: The value in `unit`; None when not known.
        status: Whether there is a value, and if not, why.
        low: Lower end of the 95 % interval, in `unit`; None without one.
        high: Upper end.
        n: Observations; None where that has no meaning.
        numerator: What was divided; None when the value is no ratio.
        denominator: What it was divided by.
        better: Which direction is good.
        definition: How it is computed, in full sentences.
        note: Why there is no value, or what to know about it.
        days_missing: Days until there is a value; 0 when days are not what is missing.
        change: Against another time; None when none was asked for.
    """

    slug: str
    title: str
    unit: Unit
    value: float | None
    status: Status
    low: float | None = None
    high: float | None = None
    n: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    better: Better
    definition: str
    note: str | None = None
    days_missing: int = 0
    change: Change | None = None

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value, self.low, self.high, self.numerator, self.denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureGroup:
    """Figures that stand together.

    Attributes:
        id: Stable name.
        title: Heading for people.
        figures: Those worth a line, in the order of the catalogue.
        reason: Why none of them has a value, when it is the same for all; else None.
        remarks: What is to be known about values that are there.
    """

    id: str
    title: str
    figures: tuple[Figure, ...]
    reason: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The numbers behind a finding: a correlation on the calibrated scale.

    Attributes:
        value: The estimate, -1..1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Paired days.
        n_effective: Independent pairs that they are worth; None when not known.
        p: Calibrated p-value of the primary or declared comparison; else None.
        q: Adjusted p-value of an exploratory one; else None.
        family_size: Tests that `q` allows for.
        role: `exploratory`, `primary` (by default) or `confirmatory` (declared beforehand).
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float | None = None
    p: float | None = None
    q: float | None = None
    family_size: int = 0
    role: str = "exploratory"

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value, self.low, self.high, self.n_effective, self.p, self.q)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sentence that may be repeated; its caveat is part of it.

    Attributes:
        id: Stable name.
        text: The sentence, caveat included.
        name: What it is about, in a few words (`commits, +1 d`); '' when the sentence says it.
        detail: What it rests on, in one line; '' when the sentence says it.
        estimate: Its numbers; None when there are none.
        remarks: What else is to be known.
        status: Whether something was found out; `not_enough_data` when days are missing.
        days_missing: Days that are missing until it can be said; 0 when that is not the reason.
    """

    id: str
    text: str
    name: str = ""
    detail: str = ""
    estimate: Estimate | None = None
    remarks: tuple[str, ...] = ()
    status: Status = Status.KNOWN
    days_missing: int = 0


Block = Finding | FigureGroup | Table | Chart
"""What a section consists of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part with a heading.

    Attributes:
        id: Stable name: `use`, `acceptance`, `cost`, `delivery`, `association`, `effects`, ...
        title: Heading for people.
        subtitle: One line below it; '' for none.
        blocks: What it holds, in order; never empty.
        note: What is to be known about all of it; '' for nothing.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing a reader must know.

    Attributes:
        code: Stable name of the kind of note.
        text: The sentence.
        keys: Keys of the JSON document it is about; empty for all of it.
        is_said_elsewhere: Whether a part of the report says the same; a page leaves it out.
    """

    code: str
    text: str
    keys: tuple[str, ...] = ()
    is_said_elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which slice the report is about.

    Attributes:
        repo: Repository; None is all of them.
        since: First instant that was asked for; None is from the beginning.
        until: First instant after it; None is to the end of the data.
        first_day: First day of the report; None when there are no data.
        last_day: Last day, itself included; None likewise.
        incomplete_day: The present day when it is part of the report; else None.
        lag_days: Days from use to delivery.
        policy_models: Globs of the models a policy allows.
        models: Globs of the models whose calls count; empty for all.
        traffic: Traffic classes that count; empty for all.
        compare: `previous`, `year` or `none`.
        compared_first_day: First day that figures are compared with; None without a comparison.
        compared_last_day: Last day likewise.
    """

    repo: str | None
    since: datetime | None
    until: datetime | None
    first_day: date | None
    last_day: date | None
    incomplete_day: date | None
    lag_days: int
    policy_models: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()
    compare: str = "none"
    compared_first_day: date | None = None
    compared_last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What made the report.

    Attributes:
        prodlens: Version of the program.
        schema: Name and version of the form.
        rules: Version of the rules that turn rows into daily series.
        method: Version of the method of association; None when none was computed.
    """

    prodlens: str
    schema: str
    rules: str
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Until when something is known.

    Attributes:
        name: A repository, or `calls`.
        at: Last reading or last call, aware UTC; None when there is none.
        text: The same in words.
    """

    name: str
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Of how many calls something is known; a page writes `known / of` beside its per cent."""

    name: str
    known: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that is missing, and the command that mends it."""

    text: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far the report can be trusted; stands on every report.

    Attributes:
        calls: Calls of the slice.
        shares: Of how many of them each thing is known; empty without calls.
        sources: Calls each source saw.
        remarks: What else is to be known about the calls.
        deliveries: What is to be known about the deliveries besides freshness.
        freshness: Until when calls and deliveries are known.
        set_aside: Records that could not be read and wait, over the whole store.
        gaps: What is missing.
    """

    calls: int
    shares: tuple[Share, ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()
    freshness: tuple[Fresh, ...] = ()
    set_aside: int = 0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportModel:
    """One report, ready to be written in any format.

    Attributes:
        title: What it is: `AI use and delivery`.
        subtitle: Repository, days, people and calls, in one line.
        findings: What may be repeated, the most important first; never empty.
        key_figures: The few figures that stand at the top, with sparklines in `sparklines`.
        sparklines: Slug of a key figure -> how it went.
        sections: The parts, in order; none is empty.
        figures: Every metric of the catalogue, in its order, also those no section shows.
        notes: What a reader must know, most important first.
        quality: How far to trust it, and until when data are known.
        filters: Which slice it is about.
        versions: What made it.
        fingerprint: SHA-256 of the data it was computed from, 64 hexadecimal digits.
        generated_at: When it was made, or as of when, aware UTC.
        contract: The plain values of the public contract (`ReportGenerator.generate_report`).
    """

    title: str
    subtitle: str
    findings: tuple[Finding, ...]
    key_figures: tuple[Figure, ...] = ()
    sparklines: Mapping[str, Sparkline] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[Note, ...] = ()
    quality: Quality
    filters: Filters
    versions: Versions
    fingerprint: str
    generated_at: datetime
    contract: Mapping[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> Section | None:
        """Return a section by its id; None when the report has nothing to say there."""
        return next((one for one in self.sections if one.id == name), None)

    def charts(self) -> Iterator[Chart]:
        """Yield every chart of every section, in order."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, StackedDays | RateBand | LagProfile | ForestRows | Histogram):
                    yield block
