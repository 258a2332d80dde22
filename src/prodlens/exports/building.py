"""Makes the one report of which every format is a copy, from what was measured.

Selects, names and words; computes no metric, reads no store and knows no format. The parts are in
the modules `building_*` beside it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from prodlens import __version__
from prodlens.exports import figures as written
from prodlens.exports.building_association import association_section, effects_section
from prodlens.exports.building_charts import (
    acceptance_over_time,
    cost_by_day,
    models_table,
    response_time,
    use_by_day,
)
from prodlens.exports.building_edits import edits_by_model, edits_by_repository
from prodlens.exports.building_figures import (
    TITLES,
    figures_of,
    groups_of,
    key_figures_of,
    sparklines_of,
)
from prodlens.exports.building_quality import notes_of, quality_of
from prodlens.exports.headline import headline, leading_comparison
from prodlens.exports.model import (
    SCHEMA,
    Filters,
    Finding,
    ReportModel,
    Section,
    Versions,
)
from prodlens.exports.text import from_outside, one_line
from prodlens.exports.words import Status
from prodlens.metrics.catalog import Family
from prodlens.metrics.daily_metrics import RULES_VERSION
from prodlens.metrics.fingerprint import fingerprint
from prodlens.metrics.sentences import sentence
from prodlens.metrics.traffic import traffic_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prodlens.exports.model import Block, FigureGroup
    from prodlens.metrics.report import Report

TITLE: Final = "AI use and delivery"
_METHOD_MODULE: Final = "prodlens.stats.association"


def model_of(report: Report | ReportModel) -> ReportModel:
    """Return a report as every format takes it; one that is made already stays as it is."""
    if isinstance(report, ReportModel):
        return report
    figures = figures_of(report)
    groups = groups_of(report, figures)
    key_figures = key_figures_of(report, groups)
    sections = tuple(_sections(report, groups))
    first = headline(report)
    return ReportModel(
        title=TITLE,
        subtitle=subtitle_of(report),
        findings=_findings(report, first, sections),
        key_figures=key_figures,
        sparklines=sparklines_of(report, key_figures),
        sections=sections,
        figures=tuple(figures.values()),
        notes=notes_of(report, first),
        quality=quality_of(report),
        filters=_filters(report),
        versions=_versions(report),
        fingerprint=fingerprint(report.inputs),
        generated_at=report.generated_at,
        contract=report.to_dict(),
    )


def subtitle_of(report: Report) -> str:
    """Return what the report is about in one line: repository, days, people, calls."""
    window, coverage = report.window, report.coverage
    parts = [from_outside(report.repo) if report.repo else "all repositories"]
    if window.first_day and window.last_day and window.first_day <= window.last_day:
        parts.append(written.day_range(window.first_day, window.last_day))
    if coverage.developers:
        parts.append(written.counted(coverage.developers, "developer"))
    return " · ".join([*parts, written.counted(coverage.calls, "call")])


def _findings(report: Report, first: str, sections: tuple[Section, ...]) -> tuple[Finding, ...]:
    """Return the sentence that leads with the numbers behind it, then all that was found."""
    every = [block for one in sections for block in one.blocks if isinstance(block, Finding)]
    comparison = leading_comparison(report)
    whole = "" if comparison is None else sentence(comparison)
    leading = next((one for one in every if one.text == whole), None)
    lead = Finding(
        id="headline",
        text=one_line(first),
        detail="" if leading is None else leading.detail,
        estimate=None if leading is None else leading.estimate,
    )
    return (lead, *(one for one in every if one.status is Status.KNOWN))


def _sections(report: Report, groups: Mapping[Family, FigureGroup]) -> Iterator[Section]:
    over_time = report.over_time
    charts: dict[Family, list[Block | None]] = {
        Family.INTERACTION: [
            None if over_time is None else use_by_day(over_time),
            response_time(report),
        ],
        Family.ACCEPTANCE: [acceptance_over_time(report)],
        Family.EDITS: [edits_by_model(report), edits_by_repository(report)],
        Family.COST: [
            models_table(report),
            None if over_time is None else cost_by_day(over_time),
        ],
    }
    for family, group in groups.items():
        name, title = TITLES.get(family, (group.id, group.title))
        more = [block for block in charts.get(family, ()) if block is not None]
        yield Section(id=name, title=title, blocks=(group, *more))
    association = association_section(report)
    if association is not None:
        yield association
    effects = effects_section(report) if report.coverage.calls else None
    if effects is not None:
        yield effects


def _filters(report: Report) -> Filters:
    window, against = report.window, report.against
    return Filters(
        repo=None if report.repo is None else from_outside(report.repo),
        since=window.since,
        until=window.until,
        first_day=window.first_day,
        last_day=window.last_day,
        incomplete_day=window.incomplete_day,
        lag_days=report.lag_days,
        policy_models=tuple(from_outside(one) for one in report.policy.patterns),
        models=tuple(from_outside(one) for one in report.asking.selection.models),
        traffic=tuple(traffic_name(one) for one in report.asking.selection.traffic),
        compare="none" if against is None else against.kind,
        compared_first_day=None if against is None else against.first_day,
        compared_last_day=None if against is None else against.last_day,
    )


def _versions(report: Report) -> Versions:
    tested = any(one.result is not None for one in report.associations.comparisons)
    # the method is loaded already when there is a result; asking for it must not load it
    module = sys.modules.get(_METHOD_MODULE) if tested else None
    method = getattr(module, "METHOD_VERSION", None)
    return Versions(
        prodlens=__version__,
        schema=SCHEMA,
        rules=RULES_VERSION,
        method=None if method is None else str(method),
    )
