"""The load generators: rpcload, and virsh for volumes."""

import re
import subprocess

from .servers import OUT


class LoadError(Exception):
    """The server refused, closed the connection or did not answer."""


def rpcload(server, mode, processes, wrap=None, timeout=120, **options):
    """Runs rpcload and returns what it printed: names and numbers. Options are its letters, True for one without a value; command= follows "--"."""
    command = options.pop("command", None)
    arguments = [str(OUT / "rpcload"), server.address, mode]
    for letter, value in options.items():
        arguments += [f"-{letter}"] if value is True else [f"-{letter}", str(value)]
    if command:
        arguments += ["--", *command]
    output = _run(wrap(arguments) if wrap else arguments, processes, timeout)
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)(?:\s|$)", output)}


def virsh_times(uri, commands, processes, timeout=120):
    """Runs the commands in one virsh; returns the milliseconds of each."""
    output = _run(["virsh", "-t", "-c", uri, "; ".join(commands)], processes, timeout)
    times = [float(found) for found in re.findall(r"\(Time: ([\d.]+) ms\)", output)]
    if len(times) != len(commands):
        raise LoadError(f"virsh: {output.strip()[-300:]}")
    return times


class Holder:
    """Connections that stay open and do nothing. One of them keeps the test driver's state alive."""

    def __init__(self, server, processes, connections=1):
        self._processes = processes
        self._process = processes.start(
            [str(OUT / "rpcload"), server.address, "idle", "-c", str(connections), "-t", "3600"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if "opened_in" not in self._process.stdout.readline():
            raise LoadError(self._process.stderr.read().strip() or "connections were refused")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._processes.stop(self._process)


def _run(arguments, processes, timeout):
    process = processes.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise LoadError(f"no end after {timeout} s") from None
    finally:
        processes.stop(process)
    if process.returncode != 0:
        raise LoadError((errors or output).strip()[-300:] or f"status {process.returncode}")
    return output
