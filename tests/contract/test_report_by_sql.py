"""Every line with a number that the report prints is made again by plain SQL, and compared whole.

The calls are captured LiteLLM files, the deliveries are written by hand; a second repository and
days outside the window lie beside them.
"""

# ruff: noqa: S608 - the statements are all written here

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.exports.figures import usd
from prodlens.exports.terminal import page
from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from prodlens.trace_ingestion.files import find

if TYPE_CHECKING:
    from collections.abc import Iterator

LITELLM = Path(__file__).parents[1] / "data" / "litellm"
NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
Z = "1.959963984540054"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def commit(number: int, day: int, **fields: Any) -> dict[str, Any]:
    return {
        "sha": f"{number:040x}",
        "repo_slug": "acme/web",
        "timestamp": at(day),
        "author": ("ana", "ben")[number % 2],
        "source": "git",
        **fields,
    }


def request(number: int, opened: int, merged: int | None, **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "repo_slug": "acme/web",
        "title": f"Change {number}",
        "created_at": at(opened, 3 * number % 24),
        "merged_at": None if merged is None else at(merged),
        "closed_at": None if merged is None else at(merged),
        "reopened": False,
        "source": "github",
        "merge_commit_sha": f"{number:040x}",
        "additions": 10 * number if number % 5 else None,
        "deletions": number,
        "first_review_at": at(opened, 20) if number % 3 == 1 else None,
        "labels": [("x", "bug", "ai-assisted-not", "AI-Assisted")[number % 4]],
        **fields,
    }


COMMITS = (
    *(commit(n, 16 + n % 9) for n in range(20)),
    commit(30, 20, is_merge=True),
    commit(31, 20, author="renovate[bot]", is_bot=True),
    commit(32, 10),
    commit(33, 30),
    commit(34, 21, reverts_sha=f"{2:040x}"),
    commit(1, 19, repo_slug="acme/api"),
    commit(40, 19, repo_slug="acme/api"),
    {"sha": "f" * 40, "repo_slug": "acme/web"},
)
REQUESTS = (
    *(request(n, 15 + n % 4, 18 + n % 6) for n in range(1, 9)),
    request(10, 20, 19),
    request(11, 18, None, closed_at=at(20), reopened=True, reopened_at=at(24)),
    request(12, 21, None),
    request(13, 1, 10),
    request(14, 18, 22, is_bot=True),
    request(15, 18, 22, repo_slug="acme/api"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        ingestor = TraceIngestor(opened, dead_letter_dir=tmp_path / "dead")
        ingestor.ingest(find([str(LITELLM)]), IngestOptions(repo_slug="acme/web"))
        opened.insert_sessions(
            {
                "native_key": f"other:{n}",
                "timestamp": at(22),
                "repo_slug": ("acme/api", None)[n % 2],
                "cost_usd": 100.0,
                "accepted_flag": True,
                "latency_ms": 1e6,
            }
            for n in range(10)
        )
        opened.insert_commits(COMMITS)
        opened.insert_pull_requests(REQUESTS)
        opened.conn.execute(
            "insert into commit_trailers (repo_id, sha, key, value, ai_role)"
            " select repo_id, sha, 'co-authored-by', 'x', 'author' from commits"
            " where sha like '%3' or sha like '%f'"
        )
        opened.conn.execute(
            "insert into commit_trailers (repo_id, sha, key, value, ai_role, session_ref)"
            " select repo_id, sha, 'claude-session', 'x', 'author', 'session_1' from commits"
            " where sha like '%6'"
        )
        opened.conn.execute(
            "insert into session_links (session_id, kind, repo_slug, ref, source) values"
            " ('s', 'pull_request', 'Acme/Web', '8', 'x'),"
            " ('s', 'commit', 'acme/web', '0000000000000000000000000000000000000005', 'x')"
        )
        opened.conn.execute("update repositories set synced_at = '2026-12-20T06:00:00.000000Z'")
        yield opened


VIEWS = """
create temp view s as select *,
    ifnull(status_code, 0) > 399 or error_type is not null as failed
    from sessions
    where timestamp >= '2026-11-16' and timestamp < '2026-11-30' and repo_slug = 'acme/web';
create temp view c as select distinct c.sha, date(c.timestamp) as day, c.author,
    ifnull(c.is_bot, 0) as is_bot,
    c.sha in (select sha from commit_trailers) as signed
    from commits c join repositories using (repo_id)
    where slug = 'acme/web' and not c.is_merge
    and c.timestamp >= '2026-11-16' and c.timestamp < '2026-11-30';
create temp view every_p as select p.*,
    (julianday(merged_at) - julianday(created_at)) * 24 as hours
    from pull_requests p join repositories using (repo_id)
    where slug = 'acme/web' and not ifnull(is_bot, 0);
create temp view p as select * from every_p
    where merged_at >= '2026-11-16' and merged_at < '2026-11-30';
create temp view closed as select number, min(ifnull(closed_at, '9'), ifnull(merged_at, '9')) as at,
    reopened_at from every_p where closed_at is not null or merged_at is not null;
create temp view signs as
    select distinct p.repo_id, number, iif(session_ref is null, 'co-author', 'session') as kind
    from every_p p join commit_trailers t on t.repo_id = p.repo_id and t.sha = p.merge_commit_sha
    union select repo_id, number, 'label' from every_p where labels like '%"AI-Assisted"%'
    union select p.repo_id, number, 'transcript' from every_p p join session_links l
        on l.ref in (p.number, p.merge_commit_sha);
create temp view linked as select p.*,
    exists (select 1 from signs g where g.repo_id = p.repo_id and g.number = p.number) as linked
    from every_p p;
create temp view grouped as select hours, linked,
    row_number() over (partition by linked order by hours) - 1 as place,
    count(*) over (partition by linked) - 1 as last from linked
    where merged_at >= '2026-11-16' and merged_at < '2026-11-30' and hours >= 0;
create temp view sized as select additions + deletions as lines, linked,
    row_number() over (partition by linked order by additions + deletions) - 1 as place,
    count(*) over (partition by linked) - 1 as last from linked
    where merged_at >= '2026-11-16' and merged_at < '2026-11-30' and additions is not null;
create temp view every_size as select additions + deletions as lines,
    row_number() over (order by additions + deletions) - 1 as place, count(*) over () - 1 as last
    from p where additions is not null;
create temp view reviews as select hours, row_number() over (order by hours) - 1 as place,
    count(*) over () - 1 as last from (
        select (julianday(first_review_at) - julianday(created_at)) * 24 as hours from p)
    where hours >= 0;
create temp view hours as select hours, row_number() over (order by hours) - 1 as place,
    count(*) over () - 1 as last from p where hours >= 0;
create temp view times as select latency_ms, failed,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last from s;
create temp view good_times as select latency_ms,
    row_number() over (order by latency_ms) - 1 as place, count(*) over () - 1 as last
    from s where not failed;
create temp view owned as select ifnull(developer_id, 'session ' || session_id) as owner,
    strftime('%s', timestamp) + substr(timestamp, 20, 7) as start,
    strftime('%s', timestamp) + substr(timestamp, 20, 7) + ifnull(latency_ms, 0) / 1000.0 as end
    from s where developer_id is not null or session_id is not null;
create temp view cuts as select *, ifnull(start - max(end) over (partition by owner
    order by start, end rows between unbounded preceding and 1 preceding) > 1800, 1) as cut
    from owned;
create temp view pieces as select *, sum(cut) over (partition by owner order by start, end
    rows unbounded preceding) as piece from cuts;
create temp view work as select (max(end) - min(start)) / 3600 as hours, count(*) as calls,
    row_number() over (order by max(end) - min(start)) - 1 as place, count(*) over () - 1 as last
    from pieces group by owner, piece;
"""
"""The window is the fourteen days from Monday 16 November on."""


def quantile(view: str, column: str, q: float) -> str:
    return (
        f"(select sum({column} * (1 - abs(place - last * {q}))) from {view}"
        f" where abs(place - last * {q}) < 1)"
    )


def rate(part: str, whole: str, source: str, interval: bool = True) -> str:
    """SQL of `share|k of n|interval`; the interval is Wilson's."""
    middle = f"(k + {Z} * {Z} / 2) / (n + {Z} * {Z})"
    half = f"{Z} * sqrt(k * (n - k) * 1.0 / n + {Z} * {Z} / 4) / (n + {Z} * {Z})"
    ends = f"|| printf('|%.1f%% to %.1f%%', 100 * max({middle} - {half}, 0), 100 * ({middle} + {half}))"
    return (
        f"select printf('%.1f%%|%d of %d', 100.0 * k / n, k, n) {ends if interval else ''}"
        f" from (select {part} as k, {whole} as n from {source})"
    )


NINE_IN_TWO_WEEKS = "2.06 to 8.54"
"""No SQL gives the exact Poisson interval of a count of 9: it is 4.1154 to 17.0848 (Garwood 1936)."""
ROWS = {
    "Calls": "select count(*) from s",
    "Sessions": "select count(distinct session_id) from s",
    "Response time, median": f"select printf('%.0f ms|n %d', {quantile('times', 'latency_ms', 0.5)}, count(*)) from s",
    "Response time, 95th percentile": f"select printf('%.0f ms|n %d', {quantile('times', 'latency_ms', 0.95)}, count(*)) from s",
    "Response time, median, no errors": f"select printf('%.0f ms|n %d', {quantile('good_times', 'latency_ms', 0.5)}, count(*)) from s where not failed",
    "Active developer-hours": "select count(distinct ifnull(developer_id, 'unknown') || substr(timestamp, 1, 13)) from s",
    "Sessions per active hour": """select printf('%.2f|%d / %d', a * 1.0 / b, a, b) from (select count(distinct session_id)
        as a, count(distinct ifnull(developer_id, 'unknown') || substr(timestamp, 1, 13)) as b from s)""",
    "Calls per active hour": """select printf('%.2f|%d / %d', a * 1.0 / b, a, b) from (select count(*)
        as a, count(distinct ifnull(developer_id, 'unknown') || substr(timestamp, 1, 13)) as b from s)""",
    "Working sessions": "select count(*) from work",
    "Working session, median length": f"""select printf(iif(median < 0.5, '<1', '%.0f') || ' min|n ' || n, median)
        from (select {quantile("work", "hours", 0.5)} * 60 as median, count(*) as n from work)""",
    "Hours in working sessions": """select iif(sum(hours) < 0.05, '<0.1', printf('%.1f', sum(hours)))
        from work""",
    "Calls per working session": """select printf('%.2f|%d / %d',
        sum(calls) * 1.0 / count(*), sum(calls), count(*)) from work""",
    "Growth of sessions": "select iif(count(distinct event_date) < 14, '-|fewer than 14 whole days', '') from s",
    "Error rate": rate("sum(failed)", "count(*)", "s"),
    "Calls to policy models": rate("sum(model like 'gpt-%')", "count(model)", "s"),
    "Acceptance rate": rate("sum(accepted_flag)", "count(accepted_flag)", "s"),
    "Calls with a decision": rate("count(accepted_flag)", "count(*)", "s", interval=False),
    "Sessions with an acceptance": rate(
        "sum(best)",
        "count(best)",
        "(select max(accepted_flag) as best from s where session_id is not null group by session_id)",
    ),
    "Accepted calls with lines known": rate(
        "count(accepted_lines)", "count(*)", "s where accepted_flag", interval=False
    ),
    "Tokens": "select printf('%,d|n %d', sum(tokens_in + tokens_out), count(*)) from s",
    "Tokens per accepted call": """select printf('%,d.%d|%,d / %d', sum(tokens_in + tokens_out) / count(*),
        sum(tokens_in + tokens_out) * 10 / count(*) % 10, sum(tokens_in + tokens_out), count(*)) from s where accepted_flag""",
    "Cost": "select printf('$%.4f|n %d', sum(cost_nanos) / 1e9, count(cost_nanos)) from s",
    "Calls with a known cost": rate("count(cost_nanos)", "count(*)", "s", interval=False),
    "Cost per merged pull request": """select printf('$%.4f|$%.4f / %d', sum(cost_nanos) / 1e9 / (select count(*) from p),
        sum(cost_nanos) / 1e9, (select count(*) from p)) from s""",
    "Merged pull requests": "select count(*) from p",
    "Merged pull requests per week": f"""select printf('%.2f|%d / 2 weeks|{NINE_IN_TWO_WEEKS}',
        count(*) / 2.0, count(*)) from p""",
    "Time to merge, median": f"select printf('%.1f days|n %d', {quantile('hours', 'hours', 0.5)} / 24, count(*)) from hours",
    "Time to merge, mean": "select printf('%.1f days|n %d', avg(hours) / 24, count(*)) from hours",
    "Time to merge, 75th percentile": f"select printf('%.1f days|n %d', {quantile('hours', 'hours', 0.75)} / 24, count(*)) from hours",
    "Time to first review, median": f"select printf('%.1f h|n %d', {quantile('reviews', 'hours', 0.5)}, count(*)) from reviews",
    "Size, median": f"select printf('%.0f|n %d', {quantile('every_size', 'lines', 0.5)}, count(*)) from every_size",
    "AI-linked merged ones, at least": "select count(distinct number) from signs join p using (repo_id, number)",
    "AI-linked share, at least": rate(
        "count(distinct number)",
        "(select count(*) from p)",
        "signs join p using (repo_id, number)",
        interval=False,
    ),
    **{
        title: f"select count(distinct number) from signs join p using (repo_id, number) where kind = '{kind}'"
        for title, kind in (
            ("AI-linked by session trailer", "session"),
            ("AI-linked by transcript", "transcript"),
            ("AI-linked by label", "label"),
            ("AI-linked by co-author", "co-author"),
        )
    },
    "Reopened pull requests": "select count(*) from every_p where reopened_at >= '2026-11-16' and reopened_at < '2026-11-30'",
    "Closed ones reopened within 21 days": rate(
        "total(julianday(reopened_at) - julianday(at) <= 21)",
        "count(*)",
        "closed where at >= '2026-11-16' and at < '2026-11-29T06'",
    ),
    "Merged ones reverted within 21 days": rate(
        "sum(exists (select 1 from commits where reverts_sha = merge_commit_sha))",
        "count(*)",
        "p where merged_at < '2026-11-29T06'",
    ),
    "Commits": "select count(*) from c where not is_bot",
    "Commits per calendar day": "select printf('%.2f|%d / 14 days', count(*) / 14.0, count(*)) from c where not is_bot",
    "Commits per day with commits": """select printf('%.2f|%d / %d days', count(*) * 1.0 / count(distinct day), count(*),
        count(distinct day)) from c where not is_bot""",
    "Commits per active developer-day": """select printf('%.2f|%d / %d days', count(*) * 1.0 / count(distinct day || author),
        count(*), count(distinct day || author)) from c where not is_bot""",
    "Commits signed by an assistant, at least": rate(
        "sum(signed)", "count(*)", "c", interval=False
    ),
}
for group, is_linked in (("AI-linked", 1), ("not linked", 0)):
    both = f"linked = {is_linked}"
    ROWS |= {
        f"Time to merge, median, {group}": f"""select printf('%.1f days|n %d',
            {quantile(f"(select * from grouped where {both})", "hours", 0.5)} / 24, count(*))
            from grouped where {both}""",
        f"Size, median, {group}": f"""select printf('%.0f|n %d',
            {quantile(f"(select * from sized where {both})", "lines", 0.5)}, count(*))
            from sized where {both}""",
        f"Reopened in 21 days, {group}": rate(
            "total(julianday(reopened_at) - julianday(at) <= 21)",
            "count(*)",
            f"closed where (select {both} from linked l where l.number = closed.number)"
            " and at >= '2026-11-16' and at < '2026-11-29T06'",
        ),
        f"Reverted in 21 days, {group}": rate(
            "sum(exists (select 1 from commits where reverts_sha = merge_commit_sha))",
            "count(*)",
            f"linked where {both} and merged_at >= '2026-11-16' and merged_at < '2026-11-29T06'",
        ),
    }
MODELS = """
select model, count(*), sum(cost_nanos) / 1e9,
    iif(count(cost_nanos) = count(*), 'all', printf('%d of %d', count(cost_nanos), count(*))),
    iif(count(accepted_flag), printf('%d of %d', sum(accepted_flag), count(accepted_flag)), '-')
from s group by model order by -ifnull(sum(cost_nanos), 0), -count(*), model
"""
LINES = {
    "the headline": """select printf('%d calls cost $%.4f, counting the %d with a price; only %d decision was recorded, too few for a rate.',
        count(*), sum(cost_nanos) / 1e9, count(cost_nanos), count(accepted_flag)) from s""",
    "the subtitle": "select printf('acme/web · 16 Nov to 29 Nov 2026 · %d developer · %d calls', count(distinct developer_id), count(*)) from s",
    "what is known": "select printf('What is known of %d calls', count(*)) from s",
    "shares known": """select printf('developer %.1f%%, repository %.1f%%, session %.1f%%, model %.1f%%, duration %.1f%%, outcome %.1f%%, tokens %.1f%%, cost %.1f%%, decision %.1f%%',
        100.0 * count(developer_id) / count(*), 100.0 * count(repo_slug) / count(*), 100.0 * count(session_id) / count(*),
        100.0 * count(model) / count(*), 100.0 * count(latency_ms) / count(*), 100.0 * count(ifnull(status_code, error_type)) / count(*),
        100.0 * count(tokens_in) / count(*), 100.0 * count(cost_nanos) / count(*), 100.0 * count(accepted_flag) / count(*)) from s""",
    "sources": """select printf('calls by source: litellm %d, litellm_spend_logs %d', sum(',' || sources || ',' like '%,litellm,%'),
        sum(',' || sources || ',' like '%,litellm_spend_logs,%')) from s""",
    "whose": """select printf('session ids: explicit %.1f%%, derived %.1f%%, unknown %.1f%%; developer ids: derived %.1f%%, unknown %.1f%%; not linked to a person: %.1f%% of the calls',
        100.0 * sum(session_source is 'explicit') / count(*), 100.0 * sum(session_source is 'derived') / count(*),
        100.0 * sum(session_id is null) / count(*), 100.0 * sum(developer_source is 'derived') / count(*),
        100.0 * sum(developer_id is null) / count(*), 100.0) from s""",
    "days": """select printf('first call %s UTC, last %s UTC; calls on %d of 14 days', substr(replace(min(timestamp), 'T', ' '), 1, 16),
        substr(replace(max(timestamp), 'T', ' '), 1, 16), count(distinct event_date)) from s""",
    "calls begin later": """select printf('! Calls are known from %d Nov 2026 on, deliveries of this window from before too: the cost per merged pull request',
        substr(min(event_date), 9)) from s""",
    "growth of the window": """select printf('+1 d: Not enough data: %d more days are needed. There is %d day, %s to %s, of 14 that it takes.',
        14 - count(distinct event_date), count(distinct event_date), min(event_date), max(event_date)) from s""",
    "remark on commits": "select printf('Commits: of programs, left out: %d', sum(is_bot)) from c",
    "remark on times": """select printf('Time to merge, median: negative ones dropped: %d; still open and not in it: %d of %d opened',
        (select sum(hours < 0) from p), sum(merged_at is null and closed_at is null), count(*))
        from every_p where created_at >= '2026-11-16' and ifnull(merged_at, '9') >= created_at""",
    "remark on times without a sign": """select printf('Time to merge, median, not linked: negative ones dropped: %d; still open and not in it: %d of %d opened',
        sum(merged_at < created_at), sum(merged_at is null and closed_at is null), sum(ifnull(merged_at, '9') >= created_at))
        from linked where not linked and created_at >= '2026-11-16'""",
    "remark on reviews": """select printf('Time to first review, median: a first review is known for %d of %d merged pull requests',
        sum(first_review_at >= created_at), count(*)) from p""",
    "remark on sizes": """select printf('Size, median: the size is known for %d of %d merged pull requests',
        count(additions), count(*)) from p""",
    **{
        f"remark on sizes, {group}": f"""select printf('Size, median, {group}: the size is known for %d of %d merged pull requests',
            count(additions), count(*)) from linked
            where linked = {is_linked} and merged_at >= '2026-11-16' and merged_at < '2026-11-30'"""
        for group, is_linked in (("AI-linked", 1), ("not linked", 0))
    },
    "remark on signs": """select printf('AI-linked merged ones, at least: by session trailer %d, transcript %d, label %d, co-author %d',
        sum(kind = 'session'), sum(kind = 'transcript'), sum(kind = 'label'), sum(kind = 'co-author'))
        from signs join p using (repo_id, number)""",
    "programs' commits": "select printf('%d commit of programs left out', sum(is_bot)) from c",
    "programs' requests": "select printf('%d pull request of programs left out', count(*)) from pull_requests where is_bot",
    "impossible times": "select printf('%d commit that landed at an impossible time left out', count(*)) from commits where timestamp is null",
    "last sync": "select printf('acme/web: last read %s UTC', substr(replace(synced_at, 'T', ' '), 1, 16)) from repositories where slug = 'acme/web'",
    "unpriced": "select printf('%d call without a cost: %s', count(*), model) from s where cost_nanos is null",
    "unnamed": "select printf('%d calls without a developer; when one person made them:', sum(developer_id is null)) from s",
}
FIXED = (
    "Suggestions kept to 70% or more - no source recorded what was kept",
    "Use Value Based on 95% interval",
    "working sessions end after 30 minutes without a call",
    "Pearson, weekday and trend removed, 95% interval",
    "Intervals are 95% and take calls as independent; calls of one developer resemble each other, so the true uncertainty is larger.",
)
"""Lines whose numbers are words of the page and no figures."""


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_every_line_with_a_number_is_what_plain_sql_says(store: ProdLensStore) -> None:
    report = ReportGenerator(store, now=lambda: NOW).build(
        repo="acme/web", since="2026-11-16", until="2026-11-30", policy_models=["gpt-*"]
    )
    printed = squeezed(page(report, width=120).plain())
    lines = [squeezed(line) for line in page(report, width=120).plain().splitlines()]
    store.conn.executescript(VIEWS)
    claimed = list(FIXED)

    def by_sql(statement: str) -> list[str]:
        return [str(row[0]) for row in store.conn.execute(statement)]

    for title, statement in ROWS.items():
        (expected,) = by_sql(statement)
        row = " ".join([title, *expected.split("|")])
        assert row in lines, title
        claimed.append(row)
    first, rest = [], 0
    for place, (model, calls, cost, priced, kept) in enumerate(store.conn.execute(MODELS)):
        if place < 5:
            first.append(f"{model} {calls} {'-' if cost is None else usd(cost)} {priced} {kept}")
        else:
            rest += calls
    for row in (*first, f"1 more model with {rest} call: see --json"):
        assert row in lines
        claimed.append(row)
    for name, statement in LINES.items():
        (expected,) = by_sql(statement)
        assert expected in printed, name
        claimed.append(expected)
    everything = " ".join(claimed)
    unclaimed = [line for line in lines if re.search(r"\d", line) and line not in everything]
    assert unclaimed == []
