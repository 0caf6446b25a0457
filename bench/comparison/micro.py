"""Takes the tables of bench/micro into RESULTS.md."""

import re
import sys
import time
from pathlib import Path

from . import sections

NOTES = {
    "Dispatch": "A call from the bytes that come in to those that go out, over pipes in memory: framing, session, dispatcher, driver, reply.",
    "Codec": "Values of the protocol; reading 32 parameters makes them, and their names.",
    "Document": "Documents of domains; the large one has what a real guest has.",
}


def main(folder):
    parts = ["## By themselves",
             f"`./bench/micro/run`, {time.strftime('%Y-%m-%d', time.gmtime())}: BenchmarkDotNet, compiled at run time. \"-\" is no byte allocated."]
    for name, note in NOTES.items():
        report = Path(folder) / f"Libvirtd.Benchmarks.{name}Benchmarks-report-github.md"
        parts += [note, "\n".join(_table(report.read_text()))]
    sections.write("micro", "\n\n".join(parts))


def _table(text):
    """Its rows, without the columns that say how sure the mean is."""
    rows = [[cell.strip().strip("*") for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    head = rows[0]
    wanted = [column for column, name in enumerate(head) if name not in ("Error", "StdDev", "Gen0", "Gen1", "Gen2") and (name != "Method" or len(set(row[column] for row in rows[2:])) > 1)]
    for number, row in enumerate(rows):
        cells = [row[column] for column in wanted]
        if number == 1:
            cells = ["--:" if head[column] in ("Mean", "Allocated") else "---" for column in wanted]
        yield "| " + " | ".join(re.sub(r"\s+", " ", cell) for cell in cells) + " |"


main(sys.argv[1])
