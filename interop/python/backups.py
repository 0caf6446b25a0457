"""Backups as an application makes them: whole, incremental, pulled; it waits for events, and repairs what broke."""
import os
import re
import sys

import libvirt
import libvirt_qemu
from interop import Events, expect_error, say, start_event_loop

start_event_loop()
connection = libvirt.open(sys.argv[1])
events = Events()
note, wait = events.note, events.wait
states = {0: "completed", 1: "failed", 2: "canceled"}
FULL = "<domainbackup/>"
INCREMENT = "<domainbackup><incremental>one</incremental></domainbackup>"
PULL = f"<domainbackup mode='pull'><incremental>one</incremental><server transport='unix' socket='{os.path.abspath('nbd')}'/></domainbackup>"


def checkpoint(name):
    return f"<domaincheckpoint><name>{name}</name></domaincheckpoint>"


def show(stats, *names):
    return " ".join(f"{name}={stats[name]}" for name in names if name in stats)


def command(text):
    libvirt_qemu.qemuMonitorCommand(domain, text, libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)


connection.storagePoolLookupByName("default-pool").createXML(
    "<volume><name>vm.img</name><capacity>1000</capacity><target><format type='qcow2'/></target></volume>")
domain = connection.createXML("""<domain type='test'><name>vm</name><memory>1024</memory><os><type>hvm</type></os><devices><disk type='file'>
    <driver type='qcow2'/><source file='/default-pool/vm.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>""")
connection.domainEventRegisterAny(
    domain, libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
    lambda c, d, disk, kind, state, o: note("block", disk, "backup" if kind == 5 else str(kind), states[state]), None)
connection.domainEventRegisterAny(
    domain, libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
    lambda c, d, stats, o: note("ended", show(stats, "operation", "disk_total", "success", "errmsg")), None)

expect_error(domain.backupGetXMLDesc)
domain.backupBegin(FULL, checkpoint("one"))
say("begun", re.search("backupmode='([a-z]*)'", domain.backupGetXMLDesc()).group(1))
command("clock-advance by=1500ms")
stats = domain.jobStats()
say("job", stats["type"], show(stats, "operation", "disk_processed", "disk_remaining", "disk_total"))
command("clock-advance by=1s")
wait(2)
stats = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
say("completed", stats["type"], show(stats, "success"))

command("guest-write disk=vda bytes=300")
one = domain.checkpointLookupByName("one")
say("size", re.search("size='([0-9]*)'", one.getXMLDesc(libvirt.VIR_DOMAIN_CHECKPOINT_XML_SIZE)).group(1))
domain.backupBegin(INCREMENT, checkpoint("two"))
say("increment", show(domain.jobStats(), "operation", "disk_processed", "disk_remaining", "disk_total"))
command("clock-advance by=2s")
wait(2)

domain.backupBegin(PULL, None)
command("clock-advance by=1h")
say("exports", *re.search("exportname='([a-z]*)' exportbitmap='([a-z-]*)'", domain.backupGetXMLDesc()).groups())
domain.abortJob()
wait(2)

command('block-job-error vda percent=50 message="No space left on device"')
domain.backupBegin(FULL, None)
command("clock-advance by=2s")
wait(2)

command("bitmap-break one")
expect_error(lambda: domain.backupBegin(INCREMENT, None))
one.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)
domain.checkpointCreateXML(checkpoint("one"))
domain.backupBegin(INCREMENT, None)
say("again", sorted(one.getName() for one in domain.listAllCheckpoints()))
