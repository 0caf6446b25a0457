"""The story of Bindings/Story.cs through libvirt-dbus, on a bus of its own. Arguments: the library that address.c becomes, an
address, and one of the read-only socket."""
import atexit
import os
import re
import subprocess
import sys

from gi.repository import Gio, GLib

DOMAIN = "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>"
VOLUME = "<volume><name>story.img</name><capacity>1048576</capacity></volume>"
PROPERTIES = "org.freedesktop.DBus.Properties"


def say(*words):
    print(*words, flush=True)


class Object:
    """An object of libvirt-dbus; its interface is named after its kind."""

    def __init__(self, path, kind):
        self.path = path
        self.interface = "org.libvirt." + kind

    def raw(self, interface, method, signature, *arguments):
        values = GLib.Variant("(" + signature + ")", arguments)
        return bus.call_sync("org.libvirt", self.path, interface, method, values, None, Gio.DBusCallFlags.NONE, 20000, None).unpack()

    def call(self, method, signature="", *arguments):
        result = self.raw(self.interface, method, signature, *arguments)
        return result[0] if result else None

    def get(self, name):
        return self.raw(PROPERTIES, "Get", "ss", self.interface, name)[0]


def run_until(condition):
    """Serves the bus until the condition holds, for twenty seconds at most."""
    late = []
    timer = GLib.timeout_add(20000, lambda: late.append(1) or True)
    while not condition() and not late:
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


def expect_error(title, call):
    try:
        call()
        say(title, "no error")
    except GLib.Error as error:
        say(title, Gio.DBusError.get_remote_error(error), error.message.split(": ", 1)[1])


def start(*command, **options):
    """Starts a program that ends with this one."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, **options)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    return process


address = start("dbus-daemon", "--session", "--nofork", "--print-address", stdout=subprocess.PIPE).stdout.readline().strip()
bus = Gio.DBusConnection.new_for_address_sync(
    address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
present = []
Gio.bus_watch_name_on_connection(bus, "org.libvirt", Gio.BusNameWatcherFlags.NONE, lambda *_: present.append(1), None)
start("/usr/sbin/libvirt-dbus", "--session", env=dict(
    os.environ, DBUS_SESSION_BUS_ADDRESS=address, ADDRESS=sys.argv[2], READ_ONLY_ADDRESS=sys.argv[3], LD_PRELOAD=sys.argv[1]))
run_until(lambda: present)

connection = Object("/org/libvirt/Test", "Connect")
events = []
bus.signal_subscribe("org.libvirt", connection.interface, "DomainEvent", connection.path, None, Gio.DBusSignalFlags.NONE,
                     lambda *signal: events.append("{1}:{2}".format(*signal[5].unpack())))

say("open", connection.get("Version"))
domain = Object(connection.call("DomainDefineXML", "s", DOMAIN), "Domain")
domains = [Object(path, "Domain") for path in connection.call("ListDomains", "u", 0)]
say("list", *sorted(one.get("Name") for one in domains))
domain.call("Create", "u", 0)
say("started", domain.call("GetState", "u", 0)[0])
domain.call("Suspend")
say("suspended", domain.call("GetState", "u", 0)[0])
domain.call("Resume")
xml = domain.call("GetXMLDesc", "u", 0)
say("xml", re.search("<name>(.*)</name>", xml)[1], re.search("<memory unit='KiB'>(.*)</memory>", xml)[1])
say("stats", domain.call("GetStats", "uu", 1, 0)["state.state"])

first, second = (Object(domain.call("SnapshotCreateXML", "su", f"<domainsnapshot><name>{name}</name></domainsnapshot>", 0), "DomainSnapshot")
                 for name in ("first", "second"))
documents = [Object(path, "DomainSnapshot").call("GetXMLDesc", "u", 0) for path in domain.call("ListDomainSnapshots", "u", 0)]
say("snapshots", *sorted(re.search("<name>(.*?)</name>", one)[1] for one in documents))
domain.call("Suspend")
first.call("Revert", "u", 0)
say("reverted", domain.call("GetState", "u", 0)[0])
second.call("Delete", "u", 0)
first.call("Delete", "u", 0)
say("snapshots-left", len(domain.call("ListDomainSnapshots", "u", 0)))

network = Object(connection.call("NetworkLookupByName", "s", "default"), "Network")
say("network", re.search("<bridge name='(.*?)'", network.call("GetXMLDesc", "u", 0))[1], int(network.get("Active")))
network.call("Destroy")
say("network-stopped", int(network.get("Active")))
network.call("Create")

pool = Object(connection.call("StoragePoolLookupByName", "s", "default-pool"), "StoragePool")
volume = Object(pool.call("StorageVolCreateXML", "su", VOLUME, 0), "StorageVol")
volumes = [Object(path, "StorageVol") for path in pool.call("ListStorageVolumes", "u", 0)]
capacity = re.search("<capacity unit='bytes'>(.*)</capacity>", volume.call("GetXMLDesc", "u", 0))[1]
say("volumes", *(one.get("Name") for one in volumes), capacity)
volume.call("Delete", "u", 0)

domain.call("Destroy", "u", 0)
say("destroyed", domain.call("GetState", "u", 0)[0])
domain.call("Undefine", "u", 0)
expect_error("unknown", lambda: connection.call("DomainLookupByName", "s", "story"))
expect_error("wrong-xml", lambda: connection.call("DomainDefineXML", "s", "<domain/>"))
test = Object(connection.call("DomainLookupByName", "s", "test"), "Domain")
expect_error("wrong-state", lambda: test.call("Create", "u", 0))
reader = Object(Object("/org/libvirt/QEMU", "Connect").call("DomainLookupByName", "s", "test"), "Domain")
expect_error("read-only", lambda: reader.call("Suspend"))
run_until(lambda: len(events) >= 9)
say("events", *events)
