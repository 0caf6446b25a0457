"""Opens a connection and asks it about itself."""
import sys

import libvirt
from interop import expect_error, say

connection = libvirt.open(sys.argv[1])
say("type", connection.getType())
say("hypervisor", connection.getVersion())
say("alive", connection.isAlive())
say("secure", connection.isSecure())
say("domains", connection.numOfDomains())
domain = connection.lookupByName("test")
say("domain", domain.ID(), domain.name(), domain.UUIDString())
say("state", domain.state())
say("info", domain.info()[:4])
expect_error(lambda: connection.lookupByName("nope"))
expect_error(lambda: domain.resume())
expect_error(lambda: connection.domainXMLFromNative("qemu-argv", ""))
say("close", connection.close())
