"""Writes on a read-only connection: once where the library knows (argument 1), once where only the server does (argument 2)."""
import sys

import libvirt
from interop import expect_error, say

connection = libvirt.openReadOnly(sys.argv[1])
domain = connection.lookupByName("test")
say("state", domain.state())
expect_error(domain.suspend)
connection.close()

connection = libvirt.open(sys.argv[2])
domain = connection.lookupByName("test")
say("state", domain.state())
expect_error(domain.suspend)
expect_error(domain.destroy)
expect_error(lambda: connection.defineXML("<domain/>"))
expect_error(lambda: domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE))
say("state", domain.state())
connection.close()
