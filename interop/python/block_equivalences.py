"""Commits that mean the same by the API's definition leave the same chain; the chain is base, snap1, snap2, active."""
import re
import sys
import threading

import libvirt
from interop import say, start_event_loop

SHALLOW = libvirt.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW
DELETE = libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE
COMMITS = [
    ("base", (None, None, 0)), ("base", (None, "active", 0)), ("base", ("base", None, 0)), ("base", ("base", "active", 0)),
    ("base snap1 snap2", ("snap2", None, 0)), ("base snap1 snap2", (None, None, SHALLOW)), ("base snap1 snap2", ("snap2", None, DELETE)),
    ("base snap1 active", (None, "snap2", SHALLOW)), ("base active", ("base", "snap2", 0)), ("base snap2 active", (None, "snap1", DELETE)),
]

start_event_loop()
connection = libvirt.open(sys.argv[1])
arrived = threading.Condition()
events = []


def note(state):
    with arrived:
        events.append(state)
        arrived.notify_all()


def wait(state):
    with arrived:
        if not arrived.wait_for(lambda: events, 20) or events.pop(0) != state:
            say("missing", state)
            sys.exit(1)


def define(folder):
    below = "<backingStore/>"
    for image in ("base", "snap1", "snap2"):
        below = f"<backingStore type='file'><format type='qcow2'/><source file='/{folder}/{image}'/>{below}</backingStore>"
    return connection.defineXML(f"""<domain type='test'><name>{folder}</name><memory>1024</memory><os><type>hvm</type></os><devices>
        <disk type='file'><driver type='qcow2'/><source file='/{folder}/active'/>{below}<target dev='vda' bus='virtio'/></disk></devices></domain>""")


def chain(domain, flags=0):
    return " ".join(reversed(re.findall(r"source file='[^']*/([a-z0-9]*)'", domain.XMLDesc(flags))))


connection.domainEventRegisterAny(
    None, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, lambda c, d, disk, kind, state, o: note(state), None)
for runs in (True, False):
    for number, (expected, (base, top, flags)) in enumerate(COMMITS):
        domain = define(f"{'live' if runs else 'dead'}{number}")
        active = top in (None, "active")
        if runs:
            domain.create()
        if runs and active:
            domain.blockCommit("vda", base, top, 0, flags | libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
            wait(libvirt.VIR_DOMAIN_BLOCK_JOB_READY)
            domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        else:
            domain.blockCommit("vda", base, top, 0, flags)
        wait(libvirt.VIR_DOMAIN_BLOCK_JOB_COMPLETED)
        left = chain(domain), chain(domain, libvirt.VIR_DOMAIN_XML_INACTIVE)
        if left != (expected, expected):
            say("commit", base, top, flags, "left", *left)
            sys.exit(1)
        if runs:
            domain.destroy()
say(len(COMMITS), "commits, running and stopped")
connection.close()
