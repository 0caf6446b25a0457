"""The story of Bindings/Story.cs through libvirt-glib, as GNOME's programs use it. Arguments: an address, and one of the read-only socket."""
import re
import sys

import gi

gi.require_version("LibvirtGConfig", "1.0")
gi.require_version("LibvirtGObject", "1.0")
from gi.repository import Gio, GLib, LibvirtGConfig, LibvirtGObject  # noqa: E402

DOMAIN = "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>"
VOLUME = "<volume><name>story.img</name><capacity>1048576</capacity></volume>"


def say(*words):
    print(*words, flush=True)


def names(objects):
    return " ".join(sorted(one.get_name() for one in objects))


def expect_error(title, call):
    try:
        call()
        say(title, "no error")
    except GLib.Error as error:
        say(title, error.message)  # the code is the same for all errors


def run_until(condition):
    """Serves the main loop until the condition holds, for twenty seconds at most."""
    late = []
    timer = GLib.timeout_add(20000, lambda: late.append(1) or True)
    while not condition() and not late:
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


def open_connection(uri):
    connection = LibvirtGObject.Connection.new(uri)
    connection.open(None)
    connection.fetch_domains(None)
    return connection


LibvirtGObject.init_object_check(None)
connection = open_connection(sys.argv[1])
say("open", connection.get_hypervisor_name())
events = []
connection.connect("domain-added", lambda _, domain: events.append("added"))
# Told once by the call that removes it, and once by the server.
connection.connect("domain-removed", lambda _, domain: "removed" in events or events.append("removed"))

domain = connection.create_domain(LibvirtGConfig.Domain.new_from_xml(DOMAIN))
for signal in ("started", "suspended", "resumed", "stopped"):
    domain.connect(signal, lambda _, name=signal: events.append(name))
run_until(lambda: len(connection.get_domains()) == 2)
say("list", names(connection.get_domains()))
domain.start(0)
say("started", int(domain.get_info().state))
domain.suspend()
say("suspended", int(domain.get_info().state))
domain.resume()
config = domain.get_config(0)
say("xml", config.get_name(), config.get_memory())
info = domain.get_info()
say("info", info.maxMem, info.nrVirtCpu)

first, second = (domain.create_snapshot(
    LibvirtGConfig.DomainSnapshot.new_from_xml(f"<domainsnapshot><name>{name}</name></domainsnapshot>"), 0) for name in ("first", "second"))
domain.fetch_snapshots(0, None)
say("snapshots", names(domain.get_snapshots()))
domain.suspend()
first.revert_to(0)
say("reverted", int(domain.get_info().state))
second.delete(0)
first.delete(0)
domain.fetch_snapshots(0, None)
say("snapshots-left", len(domain.get_snapshots()))

stream = connection.get_stream(0)
picture = domain.screenshot(stream, 0, 0)
images = []
stream.get_input_stream().read_bytes_async(
    64, GLib.PRIORITY_DEFAULT, None, lambda source, result: images.append(source.read_bytes_finish(result).get_data()))
run_until(lambda: images)
say("screenshot", picture, images[0][1:4].decode())

connection.fetch_networks(None)
network = connection.find_network_by_name("default")
say("network", re.search(r"<bridge name=.(\w+)", network.get_config(0).to_xml())[1])

connection.fetch_storage_pools(None)
pool = connection.find_storage_pool_by_name("default-pool")
pool.refresh(None)
volume = pool.create_volume(LibvirtGConfig.StorageVol.new_from_xml(VOLUME))
say("volumes", names(pool.get_volumes()), volume.get_info().capacity)
volume.delete(0)

domain.stop(0)
say("destroyed", int(domain.get_info().state))
domain.delete(0)
expect_error("wrong-xml", lambda: connection.create_domain(LibvirtGConfig.Domain.new_from_xml("<domain/>")))
expect_error("wrong-state", lambda: connection.find_domain_by_name("test").start(0))
reader = open_connection(sys.argv[2])
expect_error("read-only", lambda: reader.find_domain_by_name("test").suspend())
run_until(lambda: "removed" in events)
say("events", *events)
