"""Where `prod-lens` begins: the list of commands, and what becomes of errors.

No command is imported before it runs. No traceback reaches a person who didn't ask for one.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from prodlens import __version__
from prodlens.cli.context import App, add_shared_options
from prodlens.cli.lazy import LazyCommand, LazyGroup
from prodlens.cli.output import discard_stdout, help_width
from prodlens.errors import ProdLensError, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE: Final = 0
FAILED: Final = 1
RESUME_LATER: Final = 5
INTERRUPTED: Final = 130
_REPORT_TO: Final = "https://github.com/prodlens/prodlens/issues"

COMMANDS: Final = {
    name: LazyCommand(f"prodlens.cli.{target}", summary)
    for name, target, summary in (
        ("demo", "demo:demo", "Invent a team and show what a report looks like."),
        ("init", "init:init", "Write a first prodlens.toml from what is found here."),
        ("doctor", "doctor:doctor", "Say what is missing, and what mends it."),
        ("ingest-traces", "ingest:ingest_traces", "Read traces into the database."),
        ("ingest-git", "ingest_git:ingest_git", "Read commits from a local git clone."),
        (
            "ingest-github",
            "ingest_github:ingest_github",
            "Read pull requests and commits from GitHub.",
        ),
        ("retention", "retention:retention", "Measure what is kept of accepted edits."),
        ("sync", "sync:sync", "Read all that prodlens.toml names, then compute the daily tables."),
        ("aggregate", "aggregate:aggregate", "Bring the daily tables up to date."),
        ("report", "report:report", "Show what the calls of a time say."),
        ("summary", "summary:summary", "Show the figures of one screen."),
        ("models", "models:models", "Show what each model did and cost."),
        ("sessions", "sessions:sessions", "Show sessions, one a line."),
        ("prs", "prs:prs", "Show pull requests and what came after."),
        ("audit", "audit:audit", "Show what stands behind each dollar."),
        ("reconcile", "reconcile:reconcile", "Explain how a provider's bill differs."),
        ("correlate", "correlate:correlate", "Show how use goes with delivery, lag by lag."),
        ("effect", "effect:effect", "Compare days of high with days of low use."),
        ("power", "power:power", "Say how many more days an answer takes."),
        ("export", "export:export", "Write Parquet files, or a table as one file."),
        ("lake", "lake:lake", "Work on the Parquet lake with DuckDB or Spark."),
        ("dead-letter", "dead_letter:dead_letter", "Look at records that were set aside."),
        ("developer", "developer:developer", "See and say who is who."),
        ("prices", "prices:prices", "Look at prices, set your own, restate costs."),
        ("checkpoint", "checkpoint:checkpoint", "See and set how far jobs have come."),
        ("etag", "checkpoint:etag", "See and forget validators of remote pages."),
        ("config", "config:config", "Show the settings and where each comes from."),
        ("db", "db:db", "Look after the database file."),
        ("completion", "completion:completion", "Print what lets a shell complete commands."),
    )
}
"""Every command: where it is, and its line in the help."""


class ProdLensGroup(LazyGroup):
    """The command `prod-lens`: it turns errors into sentences and exit codes."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002, FBT002 - click's signature
        **extra: Any,
    ) -> NoReturn:
        """Run a command line and leave with its exit code.

        Args:
            args: The arguments; None takes those of the process.
            prog_name: The name in usage lines.
            complete_var: The variable of shell completion.
            standalone_mode: Has no effect: errors always become exit codes.
            extra: What `click.Context` takes.
        """
        app = App()
        extra |= {"prog_name": prog_name or "prod-lens", "complete_var": complete_var, "obj": app}
        extra.setdefault("terminal_width", help_width())
        sys.exit(_flushed(app, self._run(app, args, extra)))

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; what it returns has no meaning, exit codes come from `App.exit`."""
        super().invoke(ctx)

    def _run(self, app: App, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
        try:
            return super().main(args, standalone_mode=False, **extra) or DONE
        except click.Abort as error:
            return _aborted(app, error)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the last place where a sentence can be said
            return _failed(app, error)


def _aborted(app: App, error: click.Abort) -> int:
    """Tell Ctrl-C, which click wraps, from a question that was answered with no."""
    if isinstance(error.__cause__, KeyboardInterrupt):
        return INTERRUPTED
    app.out.error("Stopped, nothing was changed.")
    return FAILED


def _failed(app: App, error: Exception) -> int:
    if app.verbose:
        import traceback

        traceback.print_exception(error)
    with contextlib.suppress(OSError):  # stderr is gone too
        app.out.error(_sentence(error))
    return RESUME_LATER if isinstance(error, RetryLaterError) else FAILED


def _sentence(error: Exception) -> str:
    """Return what a person should read; a defect's own text may quote data and is left out."""
    if isinstance(error, ProdLensError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The output'}: {error.strerror}."
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "prodlens" in frame.filename]
    place = f" in {own[-1].name}, line {own[-1].lineno}" if own else ""
    return (
        f"This is a defect of prod-lens {__version__}: {type(error).__name__}{place}. "
        f"Run the command again with --verbose and report what it prints at {_REPORT_TO}."
    )


def _flushed(app: App, code: int) -> int:
    """Write what is still held back; a reader that went away is no failure, a full disk is."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        discard_stdout()
        return code or _failed(app, error)
    return code


prod_lens = ProdLensGroup(
    lazy=COMMANDS,
    name="prod-lens",
    help=(
        "What AI coding assistants cost, what is kept of what they produce, and whether it goes "
        "together with what a team delivers. The options below are valid behind every command too."
    ),
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_shared_options(prod_lens, root=True)
click.version_option(version=__version__, message="%(prog)s %(version)s")(prod_lens)


def main() -> NoReturn:
    """Run `prod-lens` with the arguments of the process."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        prod_lens.main()
    finally:
        gc.freeze()  # the end of the process gives everything back: no search for cycles first


if __name__ == "__main__":
    main()
