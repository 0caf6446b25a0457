"""The results as a table for the terminal and as Markdown."""

import os
import platform
import statistics
import subprocess
import time

from .results import exponent

README_ROWS = (
    "call.version.8x4", "call.lookup.8x4", "call.xml.8x4", "latency.version.p50", "connect", "events.50", "define", "list.5000", "stats.5000",
    "volume.upload", "volume.download", "start.reply", "memory.idle", "memory.domains", "memory.connections",
)


def number(value):
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def microseconds(samples):
    return number(sorted(samples)[len(samples) // 2] * 1e6)


def lines(results):
    """Each row as texts: what, unit, upstream, ours, ratio, goal, verdict."""
    for row in results.rows.values():
        if row.failure and not row.ratio:
            continue
        goal = "" if row.target is None else f"{'≤' if row.lower_is_better else '≥'} {row.target:g}"
        verdict = {True: "yes", False: "no", None: ""}[row.is_met]
        yield (row.title, row.unit, number(row.median("upstream")), number(row.median("ours")), number(row.ratio), goal, verdict)


def floor_lines(results):
    for row in results.rows.values():
        if row.median("floor") and row.median("ours"):
            yield (row.title, row.unit, number(row.median("floor")), number(row.median("ours")), number(row.median("ours") / row.median("floor")))


def growth_lines(results):
    for what, servers in results.growth.items():
        for name, costs in servers.items():
            yield (what, name, *(microseconds(samples) for samples in costs.values()), f"{exponent(costs):.2f}")


def watched_lines(results):
    off = statistics.median(results.watched["off"]) if results.watched else 0
    for how, samples in results.watched.items():
        rate = statistics.median(samples)
        yield (how, number(rate), f"{rate / off:.2f}")


def left_out(results):
    return [f"{row.title}: {row.failure}" for row in results.rows.values() if row.failure]


def text(results):
    parts = [_aligned(("", "unit", "upstream", "ours", "ratio", "goal", "met"), list(lines(results)), left=2)]
    if floor := list(floor_lines(results)):
        parts.append("The floor: a server that does nothing\n" + _aligned(("", "unit", "floor", "ours", "ratio"), floor, left=2))
    if growth := list(growth_lines(results)):
        parts.append("µs for each domain, by their number\n" + _aligned(_growth_head(results), growth, left=2))
    if watched := list(watched_lines(results)):
        parts.append("Telemetry, info 8 x 4\n" + _aligned(("", "calls/s", "of off"), watched, left=1))
    if missing := left_out(results):
        parts.append("Left out\n" + "\n".join(missing))
    return "\n\n".join(part for part in parts if part)


def markdown(results, options, took):
    parts = [
        "# Measured against upstream",
        f"`./bench/compare`, {time.strftime('%Y-%m-%d', time.gmtime())}: {_libvirt_version()}, both servers on one machine in one run "
        f"({os.cpu_count()} processors, {platform.system()} {platform.release().split('-')[0]}), {options.rounds} rounds of {options.seconds:g} s for each row, "
        f"{took / 60:.1f} minutes. Medians; *ratio* is ours to upstream's, the median over the rounds.",
        "![How many times better than upstream](results.svg)",
        _table(("", "unit", "upstream", "ours", "ratio", "goal", "met"), lines(results), left=2),
    ]
    if floor := list(floor_lines(results)):
        parts += ["## The floor", "A server that answers without doing anything (`rpcnull.c`): what sockets and the load generator cost.",
                  _table(("", "unit", "floor", "ours", "ratio"), floor, left=2)]
    if growth := list(growth_lines(results)):
        parts += ["## Growth", "Microseconds for each domain (for each call, of lookup), by the number of domains; an exponent of 1 is a flat cost.",
                  _table(_growth_head(results), growth, left=2)]
    if watched := list(watched_lines(results)):
        parts += ["## Telemetry", "Calls of info a second, 8 connections x 4 in flight: telemetry off, with figures for Prometheus, and with a span for each call too.",
                  _table(("", "calls/s", "of off"), watched, left=1)]
    if missing := left_out(results):
        parts += ["## Left out", "\n".join(f"- {reason}" for reason in missing)]
    return "\n\n".join(parts) + "\n"


def readme(results):
    """The table of the README: those rows that say most."""
    rows = (results.rows[key] for key in README_ROWS if key in results.rows and results.rows[key].ratio)
    return _table(("", "libvirtd", "Libvirtd.Net", "ratio"),
                  [(f"{row.title} ({row.unit})", number(row.median("upstream")), number(row.median("ours")), number(row.ratio)) for row in rows], left=1)


def _growth_head(results):
    sizes = next(iter(next(iter(results.growth.values())).values()))
    return ("", "", *(f"{size:,}" for size in sizes), "exponent")


def _aligned(head, rows, left):
    if not rows:
        return ""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) if column < left else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in table)


def _table(head, rows, left):
    rule = ["---" if column < left else "--:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _libvirt_version():
    try:
        found = subprocess.run(["/usr/sbin/libvirtd", "--version"], capture_output=True, text=True, check=True).stdout
        return "libvirtd " + found.split()[-1]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "libvirtd"
