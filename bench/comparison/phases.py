"""What is measured, and how: one class for each group of rows. Each measures the servers in turn, round by round."""

import os
import shutil
import tempfile
import time

from .load import Holder, LoadError, rpcload, virsh_times
from .servers import Processes, ServerError, floor, ours, upstream

SHAPES = ((1, 1), (8, 4), (64, 4))


class Phase:
    """Declares rows, then fills them. `keys` names what it measures, as patterns."""

    keys = ()

    def __init__(self, results, processes: Processes, options):
        self.results = results
        self.processes = processes
        self.options = options
        self.servers = [upstream(processes), ours(processes)]
        self.declare()

    def declare(self):
        pass

    def run(self):
        raise NotImplementedError

    def rounds(self):
        """Each round starts with the other server, so that neither always comes first."""
        for number in range(self.options.rounds):
            yield number, self.servers if number % 2 == 0 else self.servers[::-1]

    def load(self, server, mode, **options):
        return rpcload(server, mode, self.processes, **options)

    def hold(self, server, connections=1):
        return Holder(server, self.processes, connections)

    def try_(self, key, server, measure):
        """Adds what measure returns; a failure is noted in the row."""
        if self.results.wants(key):
            try:
                self.results.add(key, server.name, measure())
            except (LoadError, ServerError) as failure:
                self.results.fail(key, server.name, str(failure))

    def start_all(self):
        for server in self.servers:
            server.start()

    def stop_all(self):
        for server in self.servers:
            server.stop()


class Calls(Phase):
    """Pipelined calls of the default domain, their latency, and what they cost."""

    keys = ("call.*", "latency.*", "cpu.*", "memory.load")
    quiet = 5
    procedures = (("version", 10), ("info", 10), ("lookup", 10), ("xml", 8))

    def declare(self):
        for procedure, target in self.procedures:
            for connections, depth in SHAPES:
                title = f"{procedure}, {connections} connection{'s' * (connections > 1)} x {depth} in flight"
                self.results.declare(f"call.{procedure}.{connections}x{depth}", title, "calls/s", target=target if connections == 8 else None)
        for procedure, _ in self.procedures:
            for percentile, target in (("p50", 0.9), ("p99", None)):
                self.results.declare(f"latency.{procedure}.{percentile}", f"{procedure}, one at a time, {percentile}", "µs", True, target)
            self.results.declare(f"cpu.{procedure}", f"{procedure}, CPU for a million calls", "s", True)
        self.results.declare("memory.load", "resident memory, after all of these calls", "MB", True)

    def run(self):
        if self.results.wants("call.version.*", "latency.version.*"):
            self.servers.append(floor(self.processes))
        self.start_all()
        holders = [self.hold(server) for server in self.servers]
        for procedure, _ in self.procedures:  # the first second of all is nobody's
            for server in self.servers:
                if self.results.wants(f"call.{procedure}.*") and self.serves(server, procedure):
                    self.load(server, "call", p=procedure, c=8, q=4, t=self.options.seconds)
        for _, servers in self.rounds():
            for procedure, _ in self.procedures:
                for connections, depth in SHAPES:
                    keys = self.keys_of(procedure, connections, depth)
                    for server in servers:
                        if self.results.wants(*keys) and self.serves(server, procedure):
                            self.measure(server, procedure, connections, depth, keys)
        if self.results.wants("memory.load"):
            time.sleep(self.quiet)
            for server in self.servers[:2]:
                self.try_("memory.load", server, server.resident_mb)
        for holder in holders:
            holder.__exit__()
        self.stop_all()

    @staticmethod
    def serves(server, procedure):
        return server.name != "floor" or procedure == "version"

    @staticmethod
    def keys_of(procedure, connections, depth):
        keys = [f"call.{procedure}.{connections}x{depth}"]
        if connections == 1:
            keys += [f"latency.{procedure}.p50", f"latency.{procedure}.p99"]
        if connections == 8:
            keys.append(f"cpu.{procedure}")
        return keys

    def measure(self, server, procedure, connections, depth, keys):
        try:
            before = server.cpu_seconds()
            found = self.load(server, "call", p=procedure, c=connections, q=depth, t=self.options.seconds)
            used = server.cpu_seconds() - before
        except LoadError as failure:
            self.results.fail(keys[0], server.name, str(failure))
            return
        self.results.add(keys[0], server.name, found["per_sec"])
        if connections == 1:
            self.results.add(keys[1], server.name, found["p50_us"])
            self.results.add(keys[2], server.name, found["p99_us"])
        if connections == 8:
            self.results.add(keys[1], server.name, used / found["replies"] * 1e6)


class Connections(Phase):
    """Connections that come and go, and events to many."""

    keys = ("connect", "events.*")
    clients = ((1, 4000, None), (50, 2000, 4), (500, 200, None))

    def declare(self):
        self.results.declare("connect", "connect, open, close", "/s", target=3)
        for clients, _, target in self.clients:
            self.results.declare(f"events.{clients}", f"lifecycle events to {clients} client{'s' * (clients > 1)}", "events/s", target=target)

    def run(self):
        self.start_all()
        holders = [self.hold(server) for server in self.servers]
        scale = max(0.1, min(1.0, self.options.seconds))
        for server in self.servers:
            if self.results.wants("connect"):
                self.load(server, "connect", n=int(500 * scale))
        for _, servers in self.rounds():
            for server in servers:
                self.try_("connect", server, lambda: self.load(server, "connect", n=int(1500 * scale))["per_sec"])
            for clients, operations, _ in self.clients:
                for server in servers:
                    self.try_(f"events.{clients}", server,
                              lambda: self.load(server, "event", c=clients, n=int(operations * scale) // 2 * 2)["per_sec"])
        for holder in holders:
            holder.__exit__()
        self.stop_all()


class ManyDomains(Phase):
    """Lists, stats and definitions of thousands of domains, and the memory that they take. Fresh servers for each round."""

    keys = ("define", "undefine", "list.*", "stats.*", "memory.*")
    quiet = 4

    def declare(self):
        few, many = self.options.domains
        self.results.declare("define", "define domains, one at a time", "/s", target=2)
        self.results.declare("undefine", "undefine domains, one at a time", "/s")
        for size in (few, many):
            self.results.declare(f"list.{size}", f"list of {size:,} domains", "lists/s", target=8 if size == few else None)
            self.results.declare(f"stats.{size}", f"stats of {size:,} domains", "calls/s", target=8 if size == few else None)
        self.results.declare("memory.idle", "resident memory, idle", "MB", True, 0.9)
        self.results.declare("memory.domains", f"resident memory, {few:,} domains", "MB", True, 0.9)
        self.results.declare("memory.connections", f"resident memory, and {self.options.idle:,} more connections", "MB", True, 0.9)

    def run(self):
        few, many = self.options.domains
        for _, servers in self.rounds():
            self.start_all()
            holders = [self.hold(server) for server in servers]
            self.memory("memory.idle", servers)
            for server in servers:
                rate = self.load(server, "define", n=few)["per_sec"]
                self.results.add("define", server.name, rate)
            self.memory("memory.domains", servers)
            self.lists(servers, few)
            if self.results.wants("memory.connections"):
                more = [self.hold(server, self.options.idle) for server in servers]
                self.memory("memory.connections", servers)
                for holder in more:
                    holder.__exit__()
            if self.results.wants(f"list.{many}", f"stats.{many}", "undefine"):
                for server in servers:
                    self.load(server, "define", n=many - few, o=few)
                self.lists(servers, many)
                for server in servers:
                    self.try_("undefine", server, lambda: self.load(server, "undefine", n=few)["per_sec"])
            for holder in holders:
                holder.__exit__()
            self.stop_all()

    def memory(self, key, servers):
        """What stays when nothing happens: a server may give memory back once it is left alone."""
        if self.results.wants(key):
            time.sleep(self.quiet)
            for server in servers:
                self.try_(key, server, server.resident_mb)

    def lists(self, servers, size):
        for what in ("list", "stats"):
            for server in servers:
                self.try_(f"{what}.{size}", server, lambda: self.load(server, "call", p=what, t=self.options.seconds)["per_sec"])


class Snapshots(Phase):
    keys = ("snapshot.*",)

    def declare(self):
        self.results.declare("snapshot.create", "create 500 snapshots of a domain", "/s")
        self.results.declare("snapshot.list", "list of 500 snapshots", "lists/s")

    def run(self):
        for _, servers in self.rounds():
            self.start_all()
            for server in servers:
                with self.hold(server):
                    self.try_("snapshot.create", server, lambda: self.load(server, "snapshot", n=500)["per_sec"])
                    self.try_("snapshot.list", server, lambda: self.load(server, "call", p="snapshots", t=self.options.seconds)["per_sec"])
            self.stop_all()


class Start(Phase):
    keys = ("start.*",)

    def declare(self):
        self.results.declare("start.reply", "start to first reply", "ms", True, 0.5)
        self.results.declare("start.open", "start to first call of an opened driver", "ms", True)

    def run(self):
        for _ in range(1 if self.options.quick else 3):
            for _, servers in self.rounds():
                for server in servers:
                    server.prepare()
                    try:
                        # The namespace comes first, so that only the server's own start is timed.
                        found = self.load(server, "first", t=30, command=server.command(), wrap=server.in_namespace)
                        self.results.add("start.reply", server.name, found["reply_ms"])
                        self.results.add("start.open", server.name, found["opened_ms"])
                    except LoadError as failure:
                        self.results.fail("start.reply", server.name, str(failure))
                    server.clean()


class Volumes(Phase):
    """Contents of volumes through virsh: upstream's storage driver with a folder in memory, our test driver."""

    keys = ("volume.*",)
    sparse_blocks = 16

    def declare(self):
        for way in ("upload", "download"):
            self.results.declare(f"volume.{way}", f"vol-{way}, {self.options.volume_mb} MB through virsh", "MB/s", target=1)
            self.results.declare(f"volume.{way}.cpu", f"vol-{way}, the server's CPU for a gigabyte", "s", True, 1)
            self.results.declare(f"volume.{way}.sparse", f"vol-{way} --sparse, {self.options.volume_mb * 4} MB with {self.sparse_blocks} MB of data", "ms", True)

    def run(self):
        folder = tempfile.mkdtemp(prefix="lvb-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        try:
            self.run_in(folder)
        finally:
            os.environ.pop("TMPDIR", None)
            shutil.rmtree(folder, ignore_errors=True)

    def run_in(self, folder):
        size = self.options.volume_mb << 20
        block = os.urandom(1 << 20)
        with open(f"{folder}/full", "wb") as full:
            for _ in range(size >> 20):
                full.write(block)
        with open(f"{folder}/holes", "wb") as holes:
            for number in range(self.sparse_blocks):
                holes.seek(size * 4 // self.sparse_blocks * number)
                holes.write(block)
            holes.truncate(size * 4)
        os.environ["TMPDIR"] = folder  # where our test driver keeps contents: in memory as well
        self.start_all()
        os.mkdir(f"{folder}/pool")
        for _, servers in self.rounds():
            for server in servers:
                try:
                    self.measure(server, folder, size)
                except (LoadError, OSError) as failure:
                    self.results.fail("volume.upload", server.name, str(failure))
        self.stop_all()

    def measure(self, server, folder, size):
        # One connection, since the test driver's state ends with the last one.
        with self.hold(server):
            if server.name == "upstream":
                uri, pool = f"storage+unix:///system?socket={server.socket}", "bench"
                virsh_times(uri, [f"pool-create-as {pool} dir --target {folder}/pool"], self.processes)
            else:
                uri, pool = f"test+unix:///default?socket={server.socket}", "default-pool"
            virsh_times(uri, [f"vol-create-as {pool} full {size}", f"vol-create-as {pool} holes {size * 4} --allocation 0"], self.processes)
            for way, source, target in (("upload", "full", "full"), ("download", "full", "back")):
                before = server.cpu_seconds()
                took = virsh_times(uri, [f"vol-{way} {source} {folder}/{target} --pool {pool}"], self.processes)[0]
                self.results.add(f"volume.{way}", server.name, size / took / 1e3)
                self.results.add(f"volume.{way}.cpu", server.name, (server.cpu_seconds() - before) / size * 1e9)
            os.remove(f"{folder}/back")
            for way, target in (("upload", "holes"), ("download", "back")):
                took = virsh_times(uri, [f"vol-{way} holes {folder}/{target} --pool {pool} --sparse"], self.processes)[0]
                self.results.add(f"volume.{way}.sparse", server.name, took)
            os.remove(f"{folder}/back")
            virsh_times(uri, [f"vol-delete full --pool {pool}", f"vol-delete holes --pool {pool}"], self.processes)
            if server.name == "upstream":
                virsh_times(uri, [f"pool-destroy {pool}"], self.processes)


class Growth(Phase):
    """How the cost for each item grows with their number."""

    keys = ("growth",)

    def run(self):
        for _ in range(1 if self.options.quick else 2):
            self.start_all()
            holders = [self.hold(server) for server in self.servers]
            defined = 0
            seconds = min(self.options.seconds, 0.5)
            spent = {server.name: 0.0 for server in self.servers}
            for server in self.servers:
                self.load(server, "call", p="list", t=seconds)
            for size in self.options.sizes:
                for server in self.servers:
                    spent[server.name] += (size - defined) / self.load(server, "define", n=size - defined, o=defined)["per_sec"]
                    self.results.add_growth("define", server.name, size, spent[server.name] / size)
                for server in self.servers:
                    rate = self.load(server, "call", p="list", t=seconds)["per_sec"]
                    self.results.add_growth("list", server.name, size, 1 / rate / size)
                for server in self.servers:
                    rate = self.load(server, "call", p="stats", t=seconds)["per_sec"]
                    self.results.add_growth("stats", server.name, size, 1 / rate / size)
                for server in self.servers:
                    rate = self.load(server, "call", p="lookup", d=f"bench-{size // 2}", c=8, q=4, t=seconds)["per_sec"]
                    self.results.add_growth("lookup", server.name, size, 1 / rate)
                defined = size
            for holder in holders:
                holder.__exit__()
            self.stop_all()


class Watched(Phase):
    """What telemetry costs: the same server without it, with its figures served, and with a span for each call that a collector does not take."""

    keys = ("watched",)

    def run(self):
        self.servers = [ours(self.processes, "off"), ours(self.processes, "metrics", ["--metrics", "127.0.0.1:0"]),
                        ours(self.processes, "metrics and traces", ["--metrics", "127.0.0.1:0", "--traces", "http://127.0.0.1:9"])]
        self.start_all()
        for _, servers in self.rounds():
            for server in servers:
                self.results.add_watched(server.name, self.load(server, "call", p="info", c=8, q=4, t=self.options.seconds)["per_sec"])
        self.stop_all()


ALL = (Calls, Connections, ManyDomains, Snapshots, Volumes, Start, Growth, Watched)
