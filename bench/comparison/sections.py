"""RESULTS.md is written by several tools: each has a section between markers, and leaves the others' alone."""

import re

from .servers import BENCH

FILE = BENCH / "RESULTS.md"
KEPT = ("micro", "soak")


def write_main(text):
    """Replaces all but the kept sections, which follow it."""
    old = _read()
    kept = [found for name in KEPT if (found := _find(old, name))]
    FILE.write_text("\n\n".join([text.rstrip("\n"), *kept]) + "\n")


def write(name, text):
    """Replaces one kept section, or adds it."""
    old = _read()
    new = f"<!-- {name} -->\n{text.strip()}\n<!-- /{name} -->"
    found = _find(old, name)
    FILE.write_text(old.replace(found, new) if found else old.rstrip("\n") + "\n\n" + new + "\n")


def write_readme(table):
    """Replaces the table in the README."""
    readme = BENCH.parent / "README.md"
    text = readme.read_text()
    found = _find(text, "bench-table")
    if found:
        readme.write_text(text.replace(found, f"<!-- bench-table -->\n{table}\n<!-- /bench-table -->"))


def _read():
    return FILE.read_text() if FILE.exists() else ""


def _find(text, name):
    found = re.search(rf"<!-- {name} -->.*?<!-- /{name} -->", text, re.DOTALL)
    return found.group() if found else None
