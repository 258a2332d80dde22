"""`prod-lens demo`: an invented team, the real pipeline, a report, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.command("demo")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 730), help="Days.")
@click.option(
    "--developers", default=24, show_default=True, type=click.IntRange(1, 500), help="Team size."
)
@click.option("--seed", default=7, show_default=True, type=int, help="Same seed, same numbers.")
@click.option(
    "--folder",
    default="prodlens-demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the invented data go.",
)
@pass_app
def demo(app: App, days: int, developers: int, seed: int, folder: Path) -> None:
    """Invent a team's traces and commits, run everything on them, and show the report."""
    from prodlens.demo.pipeline import build
    from prodlens.metrics.report import ReportGenerator
    from prodlens.storage import ProdLensStore

    app.out.note(f"Inventing {developers} developers and {days} days in {folder} ...")
    made = build(folder, days=days, developers=developers, seed=seed)
    repo = made.repositories[0]
    with ProdLensStore(made.database) as store:
        report = ReportGenerator(store).build(repo=repo, since=made.since, until=made.until)
    if app.json:
        from prodlens.exports import json_document

        app.out.json(json_document.document(report))
        return
    from prodlens.exports import terminal

    page = terminal.page(report, width=app.out.width)
    if app.out.color:
        app.out.styled(page.styled())
    else:
        app.out.line(page.plain())
    since = f"{made.since:%Y-%m-%d}"
    app.out.note("")
    app.out.note("All of this is invented. Next:")
    app.out.note(
        f"  prod-lens report --db {made.database} --repo {made.repositories[-1]} --since {since}"
    )
    app.out.note(f"  prod-lens export parquet --db {made.database} --out {folder / 'parquet'}")
    app.out.note("  prod-lens init   (in your own repository)")
