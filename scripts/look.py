"""Shows reports as people see them, and says what a browser and axe find wrong with the pages.

    python scripts/look.py [--folder build/look] [--only demo,sample,empty]

Writes the reports of an invented team, of a year of it, of the sample of the tests and of an empty
store, opens each in headless Chromium in both themes at three widths, and fails when one of them
writes to the console, asks for anything outside of its file, scrolls sideways, has a serious or
critical finding of axe, or a drawing with a text outside of its frame or upon another one.
Makes pictures of the PDF and the workbook too. All of them are in the folder; look at them.
Installs what it needs into that folder, and programs by `apt-get` where they are missing. No part
of the tests: it needs a browser and the network.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")
LARGEST = 500_000
SLICE = ("--since", "2026-07-01", "--compare", "previous")
"""A part of the invented days, so that there are as many before it to compare with."""
NAMES = ("demo", "year", "sample", "hostile", "empty")

PROGRAMS = {"chromium": "chromium", "pdftoppm": "poppler-utils", "soffice": "libreoffice-calc"}
"""Program -> Debian package."""

TEXTS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.drawing')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const boxes = [...svg.querySelectorAll('text')].map(one => [one, one.getBoundingClientRect()]);
    boxes.forEach(([one, box], place) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 ||
          box.bottom > frame.bottom + 1) found.push(`outside: ${one.textContent}`);
      for (const [other, its] of boxes.slice(place + 1))
        if (Math.min(box.right, its.right) - Math.max(box.left, its.left) > 1 &&
            Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top) > 3)
          found.push(`upon each other: ${one.textContent} / ${other.textContent}`);
    });
  }
  return found;
}"""
"""Which texts of drawings leave their frame or meet, by the fonts that are really there."""


def main(arguments: list[str] | None = None) -> int:
    """Write the reports, look at them, and say what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "look")
    parser.add_argument("--only", default=",".join(NAMES), help="names, with commas between")
    parser.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    names = [name for name in NAMES if name in given.only.split(",")]
    folder = given.folder.resolve()
    if given.open:
        return 1 if look_at(folder, names) else 0
    folder.mkdir(parents=True, exist_ok=True)
    wrong = write_reports(folder, names)
    python = installed(folder)
    if "demo" in names:
        on_paper(folder)
    command = [python, __file__, "--open", "--folder", str(folder), "--only", ",".join(names)]
    return max(wrong, subprocess.run(command, check=False).returncode)  # noqa: S603 - this file again


def write_reports(folder: Path, names: list[str]) -> int:
    """Write the reports as HTML; return 1 if one is too large."""
    for name, days in (("demo", "90"), ("year", "365")):
        if name in names:
            _invented(folder, name, days)
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    from fakes.sample_report import empty_model, hostile_model, sample_model
    from prodlens.exports.html_page import render

    models = {"sample": sample_model, "hostile": hostile_model, "empty": empty_model}
    for name in names:
        if name in models:
            (folder / f"{name}.html").write_bytes(render(models[name]()))
    large = 0
    for name in names:
        size = (folder / f"{name}.html").stat().st_size
        print(f"{name}.html: {size / 1000:,.0f} kB")
        large = max(large, int(size > LARGEST))
    return large


def _invented(folder: Path, name: str, days: str) -> None:
    """Write the report of an invented team."""
    database = folder / name / "cache.db"
    if not database.exists():
        _prodlens("demo", "--days", days, "--folder", str(folder / name))
    part = SLICE if name == "demo" else ()
    repository = ("--repo", "acme/website") if name == "demo" else ()
    _prodlens(
        *("report", "--db", str(database), *repository, *part),
        *("-o", str(folder / f"{name}.html")),
    )


def on_paper(folder: Path) -> None:
    """Make pictures of the PDF and the workbook of the invented team."""
    files = [folder / "demo.xlsx"]
    if importlib.util.find_spec("typst") is None:
        print("no PDF: the extra pdf is not installed")
    else:
        files.append(folder / "demo.pdf")
    database = str(folder / "demo" / "cache.db")
    written = [part for path in files for part in ("-o", str(path))]
    _prodlens("report", "--db", database, "--repo", "acme/website", *SLICE, *written)
    office = ["soffice", "--headless", "--convert-to", "pdf:calc_pdf_Export"]
    _quietly(*office, "--outdir", str(folder / "workbook"), str(folder / "demo.xlsx"))
    papers = {"pdf": folder / "demo.pdf", "workbook": folder / "workbook" / "demo.pdf"}
    for name, path in papers.items():
        if path.exists():
            _quietly("pdftoppm", "-r", "80", "-png", str(path), str(folder / f"demo-{name}"))


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - written in this file


def _prodlens(*arguments: str) -> None:
    subprocess.run(  # noqa: S603 - the program of this repository
        [sys.executable, "-m", "prodlens.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def installed(folder: Path) -> str:
    """Install what is missing; return the Python that has Playwright."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        _quietly("apt-get", "update")
        _quietly("apt-get", "install", "-y", "--no-install-recommends", *missing)
    python = folder / "environment" / "bin" / "python"
    if not python.exists():
        venv.create(folder / "environment", with_pip=True)
        _quietly(str(python), "-m", "pip", "install", "--quiet", "playwright")
    if not (folder / "node_modules" / "axe-core").exists():
        _quietly("npm", "install", "--silent", "--prefix", str(folder), "axe-core")
    return str(python)


def look_at(folder: Path, names: list[str]) -> list[str]:
    """Open each report in both themes at each width; print and return what is wrong."""
    from playwright.sync_api import sync_playwright

    axe = (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    wrong: list[str] = []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name in names:
            for theme in THEMES:
                found = _looked(chromium, folder, name, theme=theme, axe=axe)
                wrong += [f"{name}, {theme}: {one}" for one in found]
        chromium.close()
    print("\n".join(wrong) or "Nothing wrong. Now look at the pictures.")
    return wrong


def _looked(chromium: Any, folder: Path, name: str, *, theme: str, axe: str) -> list[str]:
    page = chromium.new_page(color_scheme=theme)
    address = (folder / f"{name}.html").as_uri()
    found: list[str] = []
    page.on("console", lambda said: found.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on(
        "request",
        lambda asked: None if asked.url == address else found.append(f"asked for {asked.url}"),
    )
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if sideways > 0:
            found.append(f"{width} px: scrolls {sideways} px sideways")
        found += [f"{width} px: {one}" for one in page.evaluate(TEXTS)]
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(axe)
        result = page.evaluate("axe.run()")
        found += [f"{width} px: axe: {one}" for one in _serious(result)]
    if theme == "light":
        page.goto(address)
        page.pdf(path=folder / f"{name}-printed.pdf", format="A4", prefer_css_page_size=True)
    page.close()
    return found


def _serious(result: dict[str, Any]) -> list[str]:
    return [
        json.dumps([one["id"], one["help"], [node["target"] for node in one["nodes"][:3]]])
        for one in result["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


if __name__ == "__main__":
    sys.exit(main())
