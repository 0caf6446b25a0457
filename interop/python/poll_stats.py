"""Polls as virt-top does: a thousand running domains, and every second's look at all of them, here without the seconds."""
import sys

import libvirt
from interop import say

COUNT = 1000
ROUNDS = 10



def address(number):
    return f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"


connection = libvirt.open(sys.argv[1])
for number in range(COUNT):
    connection.createXML(
        f"<domain type='test'><name>guest{number}</name><memory>65536</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
        "<devices><disk type='file' device='disk'><source file='/guest.img'/><target dev='vda' bus='virtio'/></disk>"
        f"<interface type='network'><mac address='{address(number)}'/><source network='default'/></interface></devices></domain>")
say("domains", connection.numOfDomains())

complete = 0
for _ in range(ROUNDS):
    node = connection.getInfo()
    connection.getFreeMemory()
    records = connection.getAllDomainStats(0, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING)
    complete += sum(stats.get("state.state") == libvirt.VIR_DOMAIN_RUNNING for domain, stats in records)
say("records", complete)

measured = 0
for number in range(COUNT):
    domain = connection.lookupByName(f"guest{number}")
    before, after = domain.info()[4], domain.info()[4]
    measured += after >= before and len(domain.blockStats("vda")) == 5 and len(domain.interfaceStats(address(number))) == 8
say("measured one by one", measured)
