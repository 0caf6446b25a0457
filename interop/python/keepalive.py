"""Keeps a connection alive by pings, and notices by their silence that the server no longer runs."""
import sys
import threading

import libvirt
from interop import say, start_event_loop, wait_for_line

start_event_loop()
connection = libvirt.open(sys.argv[1])
closed = threading.Event()


def on_close(connection, reason, opaque):
    say("closed", reason, opaque)
    closed.set()


connection.registerCloseCallback(on_close, "opaque")
say("set", connection.setKeepAlive(1, 1))
say("early", closed.wait(3.5))  # more than interval * (count + 1): an unanswered ping would have closed it
say("alive", connection.isAlive())
say("domains", connection.numOfDomains())
say("ready")
wait_for_line()
say("noticed", closed.wait(20))
say("alive", connection.isAlive())
