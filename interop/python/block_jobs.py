"""Block jobs as an application runs them: it waits for events, and looks at progress and documents."""
import re
import sys

import libvirt
from interop import Events, expect_error, say, start_event_loop

start_event_loop()
connection = libvirt.open(sys.argv[1])
events = Events()
types = {1: "pull", 2: "copy", 3: "commit", 4: "active-commit"}
states = {0: "completed", 1: "failed", 2: "canceled", 3: "ready"}


def note(disk, kind, state):
    events.note(disk, types[kind], states[state])


def wait(count):
    events.wait(count, in_order=False)


def chain(flags=0):
    """The disk's images, the active one first."""
    disk = re.search(r"<disk .*?</disk>", domain.XMLDesc(flags), re.DOTALL).group(0)
    disk = re.sub(r"<mirror .*?</mirror>", "", disk, flags=re.DOTALL)
    return [path.rsplit("/", 1)[1] for path in re.findall(r"source file='([^']*)'", disk)]


def define():
    below = "<backingStore/>"
    for image in ("base", "snap1", "snap2"):
        below = f"<backingStore type='file'><format type='qcow2'/><source file='/images/{image}'/>{below}</backingStore>"
    return connection.defineXML(f"""<domain type='test'><name>vm</name><uuid>11111111-2222-3333-4444-555555555555</uuid><memory>1024</memory>
        <os><type>hvm</type></os><devices><disk type='file'><driver type='qcow2'/><source file='/images/active'/>{below}
        <target dev='vda' bus='virtio'/></disk></devices></domain>""")


domain = define()
connection.domainEventRegisterAny(
    domain, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB, lambda c, d, path, kind, state, o: note(path, kind, state), None)
connection.domainEventRegisterAny(
    domain, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, lambda c, d, disk, kind, state, o: note(disk, kind, state), None)

for runs in (True, False):
    copy = "live-copy" if runs else "dead-copy"  # a file stays when no disk uses it any more
    say("running" if runs else "stopped")
    define()
    if runs:
        domain.create()
    say("no job", domain.blockJobInfo("vda"))
    domain.blockCommit("vda", None, "/images/snap2", 0, libvirt.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW)
    info = domain.blockJobInfo("vda")
    say("job", types[info["type"]], info["bandwidth"], info["cur"] < info["end"])
    expect_error(lambda: domain.blockPull("vda"))
    wait(2)
    say(*chain())
    domain.blockPull("vda", 5)
    domain.blockJobSetSpeed("vda", 2 << 20, libvirt.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES)
    say("speed", domain.blockJobInfo("vda")["bandwidth"], domain.blockJobInfo("vda", 1)["bandwidth"])
    expect_error(lambda: domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT))
    domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC)
    wait(2)
    domain.blockCopy("vda", f"<disk type='file'><driver type='raw'/><source file='/images/{copy}'/></disk>",
                     {"granularity": 65536}, libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    wait(2)
    say("mirror", "ready='yes'" in domain.XMLDesc())
    domain.blockJobAbort("vda", libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    wait(2)
    say(*chain(), "|", *chain(libvirt.VIR_DOMAIN_XML_INACTIVE))
    expect_error(lambda: domain.blockPull("vda", 1 << 43))
    if runs:
        domain.destroy()
connection.close()
