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
