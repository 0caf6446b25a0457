"""The command line of bench/compare."""

import argparse
import signal
import sys
import time

from . import chart, phases, report, sections
from .load import LoadError
from .results import Results
from .servers import BENCH, Processes, ServerError


def main():
    options = parse()
    results = Results(options.patterns)
    processes = Processes()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    status = 0
    try:
        for phase in [kind(results, processes, options) for kind in phases.ALL]:
            if not results.wants(*phase.keys):
                continue
            print(f"{time.monotonic() - began:5.0f} s  {type(phase).__name__}", file=sys.stderr)
            try:
                phase.run()
            except (LoadError, ServerError) as failure:
                print(f"{type(phase).__name__}: {failure}", file=sys.stderr)
                status = 1
            finally:
                phase.stop_all()
    except KeyboardInterrupt:
        status = 130
    finally:
        processes.stop_all()
    print(report.text(results))
    if status == 0 and options.write:
        sections.write_main(report.markdown(results, options, time.monotonic() - began))
        sections.write_readme(report.readme(results))
        (BENCH / "results.svg").write_text(chart.svg(results))
    return status


def parse():
    parser = argparse.ArgumentParser(prog="bench/compare", description="Compares this tree's server with upstream's libvirtd.")
    parser.add_argument("--rounds", type=int, help="how often each row is measured (3)")
    parser.add_argument("--seconds", type=float, help="how long one measurement of calls takes (1)")
    parser.add_argument("--quick", action="store_true", help="one short round with fewer domains: to try the tool, not to quote")
    parser.add_argument("--rows", action="append", dest="patterns", metavar="PATTERN", help="only rows like this, such as 'call.*' or 'events.50'; may repeat")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="write RESULTS.md, results.svg and the README's table (only of a whole run, unless told)")
    parser.add_argument("--no-build", action="store_true", help="take the daemon that was published last")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (0.2 if options.quick else 1.0)
    options.domains = (500, 1600) if options.quick else (5000, 16000)
    options.idle = 200 if options.quick else 2000
    options.volume_mb = 64 if options.quick else 512
    options.sizes = (10, 100, 1000) if options.quick else (10, 100, 1000, 10000)
    if options.write is None:
        options.write = not options.quick and not options.patterns
    return options


sys.exit(main())
