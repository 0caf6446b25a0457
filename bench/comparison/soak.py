"""bench/soak: everything at once for minutes, and what becomes of memory, latency and errors meanwhile."""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time

from . import sections
from .load import Holder, LoadError, rpcload, virsh_times
from .report import number
from .servers import Processes, ServerError, ours

PIECE = 10
QUIET = 5
VOLUME_MB = 32

# What runs beside each other, each again and again: name, mode of rpcload, its options.
LOADS = (
    ("version, 8 connections x 4", "call", {"p": "version", "c": 8, "q": 4, "t": PIECE}),
    ("info, 4 connections x 4", "call", {"p": "info", "c": 4, "q": 4, "t": PIECE}),
    ("xml, 4 connections x 1", "call", {"p": "xml", "c": 4, "q": 1, "t": PIECE}),
    ("list of 500 domains, 1 connection x 1", "call", {"p": "list", "c": 1, "q": 1, "t": PIECE}),
    ("stats of 500 domains, 1 connection x 1", "call", {"p": "stats", "c": 1, "q": 1, "t": PIECE}),
    ("lifecycle events to 20 clients", "event", {"c": 20, "n": 2000, "f": True}),
    ("connect, open, close", "connect", {"n": 2000}),
)


class Worker(threading.Thread):
    """One kind of load, until told to stop. A failure ends it and is kept."""

    def __init__(self, name, piece):
        super().__init__(daemon=True)
        self.title = name
        self.found = []
        self.failure = None
        self._piece = piece
        self._stop_asked = threading.Event()

    def run(self):
        while not self._stop_asked.is_set():
            try:
                self.found.append(self._piece())
            except (LoadError, OSError) as failure:
                self.failure = str(failure)
                return

    def stop(self):
        self._stop_asked.set()

    def total(self, key):
        return sum(piece.get(key, 0) for piece in self.found)


def main():
    options = parse()
    processes = Processes()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="lvs-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    server = ours(processes)
    try:
        os.environ["TMPDIR"] = folder  # where the test driver keeps contents
        server.start()
        return report(options, *soak(server, processes, folder, options.seconds))
    except (LoadError, ServerError) as failure:
        print(f"soak: {failure}", file=sys.stderr)
        return 1
    finally:
        os.environ.pop("TMPDIR", None)
        processes.stop_all()
        server.clean()
        shutil.rmtree(folder, ignore_errors=True)


def soak(server, processes, folder, seconds):
    """Runs all loads; returns the workers, the resident megabytes of each second and of the quiet after them, the seconds taken, and the server's of CPU."""
    holder = Holder(server, processes)  # the test driver's state ends with its last connection
    rpcload(server, "define", processes, n=500)
    workers = [Worker(name, lambda mode=mode, options=options: rpcload(server, mode, processes, **options)) for name, mode, options in LOADS]
    workers.append(Worker("define and undefine 200 domains", lambda: churn(server, processes)))
    workers.append(Worker(f"upload and download {VOLUME_MB} MB", streams(server, processes, folder)))
    before = server.cpu_seconds()
    for worker in workers:
        worker.start()
    memory = []
    begin = time.monotonic()
    while time.monotonic() - begin < seconds and any(worker.is_alive() for worker in workers):
        time.sleep(max(0, begin + len(memory) + 1 - time.monotonic()))
        memory.append(server.resident_mb())
        if len(memory) % 60 == 0:
            print(f"{len(memory):5} s  {memory[-1]:.1f} MB", file=sys.stderr)
    took = time.monotonic() - begin
    cpu = server.cpu_seconds() - before
    for worker in workers:
        worker.stop()
    for worker in workers:
        worker.join(PIECE + 60)
    time.sleep(QUIET)
    after = server.resident_mb()
    holder.__exit__()
    return workers, memory, after, took, cpu


def churn(server, processes):
    defined = rpcload(server, "define", processes, n=200, o=100_000)
    rpcload(server, "undefine", processes, n=200, o=100_000)
    return {"count": defined["count"] * 2}


def streams(server, processes, folder):
    """A piece of load: contents up and down again, compared."""
    uri = f"test+unix:///default?socket={server.socket}"
    data = os.urandom(1 << 20) * VOLUME_MB
    with open(f"{folder}/data", "wb") as file:
        file.write(data)

    def piece():
        virsh_times(uri, [f"vol-create-as default-pool soak {len(data)}", f"vol-upload soak {folder}/data --pool default-pool",
                          f"vol-download soak {folder}/back --pool default-pool", "vol-delete soak --pool default-pool"], processes)
        with open(f"{folder}/back", "rb") as file:
            if file.read() != data:
                raise LoadError("the contents came back changed")
        return {"count": VOLUME_MB * 2}

    return piece


def report(options, workers, memory, after, took, cpu):
    failures = [f"{worker.title}: {worker.failure}" for worker in workers if worker.failure]
    minute = min(60, len(memory) // 3)
    first, last = statistics.median(memory[minute:2 * minute]), statistics.median(memory[-minute:])
    growth = last - first
    rows = [row(worker, took) for worker in workers]
    text = "\n\n".join([
        "## Everything at once",
        f"`./bench/soak{'' if options.seconds == 600 else f' {options.seconds}'}`, {time.strftime('%Y-%m-%d', time.gmtime())}: {took / 60:.1f} minutes of all these "
        f"loads beside each other, on {os.cpu_count()} processors that loads and server share. The server took {cpu / took * 100:.0f} % of one processor. "
        f"Latencies are the median and the worst of pieces of {PIECE} s each.",
        "\n".join(["| load | in all | a second | p50 (µs) | p99 (µs) | worst p99 (µs) |", "| --- | --: | --: | --: | --: | --: |", *rows]),
        f"Resident memory: {memory[0]:.1f} MB after the first second, {first:.1f} MB in the second minute (median), {last:.1f} MB in the last, "
        f"{max(memory):.1f} MB at most, {after:.1f} MB {QUIET} quiet seconds later. Growth after the first minute: {growth:+.1f} MB.",
        f"Errors: {len(failures) or 'none'}." + "".join(f"\n- {failure}" for failure in failures),
    ])
    print(text)
    if options.write or (options.write is None and options.seconds >= 600):
        sections.write("soak", text)
    return 1 if failures else 0


def row(worker, took):
    latencies = ["", "", ""]
    if worker.found and "p99_us" in worker.found[0]:
        total = worker.total("replies")
        latencies = [number(statistics.median(piece["p50_us"] for piece in worker.found)), number(statistics.median(piece["p99_us"] for piece in worker.found)),
                     number(max(piece["p99_us"] for piece in worker.found))]
    else:
        total = worker.total("events") or worker.total("count")
    unit = " MB" if worker.title.startswith("upload") else ""
    return f"| {worker.title} | {total:,.0f}{unit} | {number(total / took)}{unit} | {' | '.join(latencies)} |"


def parse():
    parser = argparse.ArgumentParser(prog="bench/soak", description="Loads this tree's server with everything at once.")
    parser.add_argument("seconds", nargs="?", type=int, default=600, help="how long (600)")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="write the result into RESULTS.md (from ten minutes on, unless told)")
    parser.add_argument("--no-build", action="store_true", help="take the daemon that was published last")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
