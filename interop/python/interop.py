"""What the scripts of this folder share: libvirt's own event loop in a thread, and output that the test can wait for."""
import sys
import threading

import libvirt

# Errors are part of what the scripts print; the library's own report of them on standard error would only repeat it.
libvirt.registerErrorHandler(lambda context, error: None, None)


def say(*words):
    print(*words, flush=True)


def start_event_loop():
    """Must be called before a connection is opened."""
    libvirt.virEventRegisterDefaultImpl()

    def run():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run, daemon=True).start()


def expect_error(call):
    """Runs what must fail and prints the error as an application sees it."""
    try:
        call()
    except libvirt.libvirtError as error:
        say("error", error.get_error_code(), error.get_error_domain(), error.get_error_level(), error.get_error_message())
    else:
        say("no error")


def wait_for_line():
    """Waits until the test says to go on."""
    sys.stdin.readline()


class Events:
    """What callbacks note in the event loop's thread, for the script to wait for."""

    def __init__(self):
        self._arrived = threading.Condition()
        self._events = []

    def note(self, *event):
        with self._arrived:
            self._events.append(event)
            self._arrived.notify_all()

    def wait(self, count, in_order=True):
        """Prints the next events, of which there must be so many; sorted where their order means nothing."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._events) >= count, 20):
                say("missing", self._events)
                sys.exit(1)
            for event in self._events if in_order else sorted(self._events):
                say(*event)
            self._events.clear()

    def __str__(self):
        """What has arrived since the last wait."""
        return str(self._events)
