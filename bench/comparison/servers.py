"""Starting, watching and ending the servers that are compared."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
OUT = BENCH / ".out"
MOST_FILES = 65536

# The same for both: no limit is what is measured.
CONFIGURATION = """\
unix_sock_dir = "{folder}"
auth_unix_ro = "none"
auth_unix_rw = "none"
listen_tls = 0
listen_tcp = 0
max_clients = 20000
max_queued_clients = 20000
max_anonymous_clients = 20000
log_level = 4
"""

# What a server keeps under these folders is an empty memory file system of its own, which ends with it.
NAMESPACE = """\
set -e
mount -t tmpfs tmpfs /run
for folder in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
    if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi
done
exec "$@"
"""


class ServerError(Exception):
    """A server did not start, or ended."""


class Processes:
    """All child processes of the run, so that whatever happens none is left."""

    def __init__(self):
        self._running = []

    def start(self, command, **options):
        # A group of its own: Ctrl-C reaches us alone, and we end the rest in order.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_raise_limits, **options)
        self._running.append(process)
        return process

    def stop(self, process, patience=10):
        if process not in self._running:
            return
        self._running.remove(process)
        try:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_group(process)
            process.wait()

    def stop_all(self):
        for process in self._running:
            _kill_group(process)
        for process in self._running:
            process.wait()
        self._running.clear()


class Server:
    """One kind of server. start() and stop() may alternate."""

    def __init__(self, name, command, processes):
        self.name = name
        self._command = command
        self._processes = processes
        self._process = None
        self._folder = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def socket(self):
        return f"{self._folder}/libvirt-sock"

    @property
    def address(self):
        return f"unix:{self.socket}"

    def start(self):
        self.prepare()
        command = self.in_namespace(self.command())
        with open(f"{self._folder}/log", "wb") as log:
            self._process = self._processes.start(command, stdout=log, stderr=log)
        limit = time.monotonic() + 30
        while not _connects(self.socket):
            if self._process.poll() is not None or time.monotonic() > limit:
                text = Path(f"{self._folder}/log").read_text(errors="replace")
                self.stop()
                raise ServerError(f"{self.name} did not start: {text.strip()}")
            time.sleep(0.005)
        return self

    def stop(self):
        if self._process is not None:
            self._processes.stop(self._process)
            self._process = None
        self.clean()

    def prepare(self):
        """A fresh folder with a configuration, without a server."""
        self.clean()
        self._folder = tempfile.mkdtemp(prefix="lvb-")
        Path(f"{self._folder}/d.conf").write_text(CONFIGURATION.format(folder=self._folder))

    def clean(self):
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def command(self):
        """The server's own command line, for the prepared folder."""
        return [part.format(folder=self._folder) for part in self._command]

    def in_namespace(self, command):
        """The same process, with a view of the file system in which no other libvirtd is met."""
        new = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
        return ["unshare", *new, "--propagation", "private", "sh", "-c", NAMESPACE, "sh", *command]

    def resident_mb(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ServerError(f"{self.name} has ended")

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Floor(Server):
    """rpcnull: what sockets and the load generator cost."""

    def in_namespace(self, command):
        return command


def upstream(processes):
    return Server("upstream", ["/usr/sbin/libvirtd", "-f", "{folder}/d.conf", "-p", "{folder}/pid"], processes)


def ours(processes, name="ours", arguments=()):
    executable = os.path.abspath(os.environ["LIBVIRTD_NET"])
    return Server(name, [executable, "-f", "{folder}/d.conf", "-p", "{folder}/pid", *arguments], processes)


def floor(processes):
    return Floor("floor", [str(OUT / "rpcnull"), "{folder}/libvirt-sock"], processes)


def _connects(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
            return True
        except OSError:
            return False


def _raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
