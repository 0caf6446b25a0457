"""listAllDomains with its filters."""
import sys

import libvirt
from interop import say

DOCUMENT = """
<domain type='test'>
  <name>idle</name>
  <memory>65536</memory>
  <os><type>hvm</type></os>
</domain>
"""

connection = libvirt.open(sys.argv[1])
idle = connection.defineXML(DOCUMENT)
filters = ["ACTIVE", "INACTIVE", "PERSISTENT", "TRANSIENT", "RUNNING", "PAUSED", "SHUTOFF", "OTHER", "AUTOSTART", "NO_AUTOSTART",
           "HAS_SNAPSHOT", "NO_SNAPSHOT", "MANAGEDSAVE", "NO_MANAGEDSAVE"]
say("all", sorted(domain.name() for domain in connection.listAllDomains()))
for name in filters:
    flag = getattr(libvirt, "VIR_CONNECT_LIST_DOMAINS_" + name)
    say(name, sorted(domain.name() for domain in connection.listAllDomains(flag)))
say("ids", connection.listDomainsID())
say("defined", connection.listDefinedDomains())
idle.undefine()
say("all", sorted(domain.name() for domain in connection.listAllDomains()))
connection.close()
