"""Is told when the server goes away."""
import sys
import threading

import libvirt
from interop import expect_error, say, start_event_loop

start_event_loop()
connection = libvirt.open(sys.argv[1])
closed = threading.Event()


def on_close(connection, reason, opaque):
    say("closed", reason, opaque)
    closed.set()


connection.registerCloseCallback(on_close, "opaque")
say("domains", connection.numOfDomains())
say("ready")
say("noticed", closed.wait(20))
say("alive", connection.isAlive())
expect_error(connection.numOfDomains)
