"""All groups of statistics of a thousand domains, in one call."""
import sys

import libvirt

connection = libvirt.open(sys.argv[1])
for number in range(1000):
    connection.defineXML(f"""<domain type='test'><name>vm{number}</name><memory>65536</memory><vcpu>2</vcpu><os><type>hvm</type></os><devices>
        <disk type='file'><source file='/{number}.img'/><target dev='vda'/></disk>
        <interface type='bridge'><source bridge='br0'/></interface></devices></domain>""").create()
for _ in range(5):
    records = connection.getAllDomainStats(0x7FF, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
print(len(records), "records")
print(sum(1 for _, values in records if values["block.count"] == 1 and values["block.0.name"] == "vda"), "with disks")
