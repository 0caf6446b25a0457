"""The story of Bindings/Story.cs through libvirt's Python binding. Arguments: an address, and one of the read-only socket."""
import sys
import threading
import xml.etree.ElementTree as ElementTree

import libvirt
from interop import say, start_event_loop

DOMAIN = "<domain type='test'><name>story</name><memory>65536</memory><os><type>hvm</type></os></domain>"
VOLUME = "<volume><name>story.img</name><capacity>1048576</capacity></volume>"


def names(objects):
    return " ".join(sorted(one.getName() if hasattr(one, "getName") else one.name() for one in objects))


def expect_error(title, call):
    try:
        call()
        say(title, "no error")
    except libvirt.libvirtError as error:
        say(title, error.get_error_code(), error.get_error_domain())


start_event_loop()
connection = libvirt.open(sys.argv[1])
say("open", connection.getType())
events = []
arrived = threading.Condition()


def on_event(_connection, domain, event, detail, _opaque):
    with arrived:
        events.append(f"{event}:{detail}")
        arrived.notify_all()


connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_event, None)
domain = connection.defineXML(DOMAIN)
say("list", names(connection.listAllDomains()))
domain.create()
say("started", domain.state()[0])
domain.suspend()
say("suspended", domain.state()[0])
domain.resume()
document = ElementTree.fromstring(domain.XMLDesc())
say("xml", document.findtext("name"), document.findtext("memory"))
say("info", domain.info()[1], domain.info()[3])
[(_, stats)] = connection.domainListGetStats([domain], libvirt.VIR_DOMAIN_STATS_STATE)
say("stats", stats["state.state"])

first = domain.snapshotCreateXML("<domainsnapshot><name>first</name></domainsnapshot>")
second = domain.snapshotCreateXML("<domainsnapshot><name>second</name></domainsnapshot>")
say("snapshots", names(domain.listAllSnapshots()))
domain.suspend()
domain.revertToSnapshot(first)
say("reverted", domain.state()[0])
second.delete()
first.delete()
say("snapshots-left", len(domain.listAllSnapshots()))

stream = connection.newStream()
picture = domain.screenshot(stream, 0)
chunk = stream.recv(1 << 16)
data = chunk
while chunk:
    chunk = stream.recv(1 << 16)
    data += chunk
stream.finish()
say("screenshot", picture, data[1:4].decode())

network = connection.networkLookupByName("default")
say("network", network.bridgeName(), network.isActive())
network.destroy()
say("network-stopped", network.isActive())
network.create()

pool = connection.storagePoolLookupByName("default-pool")
volume = pool.createXML(VOLUME)
say("volumes", names(pool.listAllVolumes()), volume.info()[1])
contents = bytes(range(256)) * 1024
try:
    stream = connection.newStream()
    volume.upload(stream, 0, len(contents))
    stream.sendAll(lambda _stream, count, rest: rest.pop(0) if rest else b"",
                   [contents[at:at + 65536] for at in range(0, len(contents), 65536)])
    stream.finish()
    stream = connection.newStream()
    volume.download(stream, 0, len(contents))
    back = bytearray()
    stream.recvAll(lambda _stream, part, into: into.extend(part), back)
    stream.finish()
    say("contents", "same" if back == contents else "different")
except libvirt.libvirtError as error:
    say("contents", error.get_error_code())
volume.delete()

domain.destroy()
say("destroyed", domain.state()[0])
domain.undefine()
expect_error("unknown", lambda: connection.lookupByName("story"))
expect_error("wrong-xml", lambda: connection.defineXML("<domain/>"))
expect_error("wrong-state", connection.lookupByName("test").create)

reader = libvirt.open(sys.argv[2])
expect_error("read-only", lambda: reader.lookupByName("test").suspend())
with arrived:
    arrived.wait_for(lambda: len(events) >= 9, 20)
say("events", *events)
