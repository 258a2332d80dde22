from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import prodlens
from prodlens.errors import InputError
from prodlens.exports.registry import FORMATS, Format


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    wanted = Format(
        suffix=".pdf",
        title="pages",
        module="prodlens.exports.nothing",
        library="a_library_nobody_has",
        extra="pdf",
    )
    with pytest.raises(InputError) as caught:
        wanted.check(Path("out/report.pdf"))
    assert str(caught.value) == (
        "out/report.pdf needs the extra pdf: run `pip install 'prodlens[pdf]'`, or write "
        "report.html instead."
    )


def test_what_needs_nothing_is_always_there() -> None:
    for suffix in (".csv", ".json", ".md", ".txt"):
        FORMATS[suffix].check(Path(f"report{suffix}"))


def test_asking_for_a_format_imports_no_other() -> None:
    script = (
        "import sys; from prodlens.exports.registry import FORMATS; "
        "print(*[m for m in sys.modules if m.startswith('prodlens.exports.')])"
    )
    source = str(Path(prodlens.__file__).parents[1])
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": source},
    )
    assert done.stdout == "prodlens.exports.registry\n"
