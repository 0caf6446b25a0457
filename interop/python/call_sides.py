"""One of the servers that are compared: its connection, what it answers in words that two servers can have in common, and its events."""
import os
import re
import threading
import time

import libvirt

KIND_OF = {libvirt.virDomain: "domain", libvirt.virDomainSnapshot: "snapshot", libvirt.virDomainCheckpoint: "checkpoint", libvirt.virNetwork: "network",
           libvirt.virStoragePool: "pool", libvirt.virStorageVol: "volume", libvirt.virInterface: "interface", libvirt.virNodeDevice: "device"}
BARRIER = "<pool type='dir'><name>barrier</name><uuid>0ba1c2d3-ffff-4000-8000-000000000000</uuid><target><path>/barrier</path></target></pool>"
PATIENCE = 20  # seconds until something that must come is taken as lost
GENERATED = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b52:54:00(?::[0-9a-f]{2}){3}\b")
TIME = re.compile(r"(?<!\d)\d{10}(?!\d)")
HOUR = 3600


def order(value):
    """Puts a list that servers give in any order into one that depends on its names alone."""
    def key(one):
        if isinstance(one, tuple):
            one = one[0]
        return (0, one, "") if isinstance(one, int) else (1, 0, one if isinstance(one, str) else name_of(one))

    return sorted(value, key=key) if isinstance(value, list) else value


def name_of(thing):
    return thing.getName() if isinstance(thing, (libvirt.virDomainSnapshot, libvirt.virDomainCheckpoint)) else thing.name()


class Broken(Exception):
    """A server does not answer any more."""


class Side:
    """A server, with a connection that is renewed for each sequence."""

    def __init__(self, name, uri, folder):
        self.name, self.uri, self.folder = name, uri, folder
        self.connection, self.events, self._arrived = None, [], threading.Condition()
        self._refreshed, self._wanted, self._generated = 0, 0, {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def open(self, uri, fresh_files):
        """Connects to a host on which nothing has happened yet: one that others have shared goes some time after its last connection."""
        self.uri = uri
        for name in os.listdir(self.folder):
            if name != "folder":
                os.unlink(self.path(name))
        for name, content in fresh_files.items():
            with open(self.path(name), "wb") as target:
                target.write(content)
        end = time.monotonic() + PATIENCE
        while True:
            self.connection = libvirt.open(self.uri)
            self.connection.side = self
            if "barrier" not in self.connection.listDefinedStoragePools() + self.connection.listStoragePools():
                break
            self.connection.close()
            if time.monotonic() > end:
                raise Broken(self.uri + ": the old state does not go")
            time.sleep(0.002)
        self.events, self._generated = [], {}
        self._barrier = self.connection.storagePoolDefineXML(BARRIER)
        self._barrier.create()
        self._refreshed = self._wanted = 0
        for event in (libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE):
            self.connection.storagePoolEventRegisterAny(None, event, self.recorder(f"pool {event}"), None)
        for event in range(libvirt.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE + 1):
            self.connection.domainEventRegisterAny(None, event, self.recorder(f"domain {event}"), None)
        self.connection.networkEventRegisterAny(None, 0, self.recorder("network"), None)
        for event in (0, 1):
            self.connection.nodeDeviceEventRegisterAny(None, event, self.recorder(f"device {event}"), None)

    def close(self):
        """Ends the connection; what still knows objects of it must have been given up. Each event that is listened to would keep it, too."""
        if self.connection is None:
            return
        for kind in ("domain", "network", "storagePool", "nodeDevice"):
            for callback in list(getattr(self.connection, kind + "EventCallbackID")):
                try:
                    getattr(self.connection, kind + "EventDeregisterAny")(callback)
                except libvirt.libvirtError:
                    pass  # the library lets a call for one kind of object take away what listens to another
        self._barrier = self.connection.side = None
        self.connection.close()
        self.connection = None

    def recorder(self, what):
        def record(_connection, thing, *details):
            with self._arrived:
                if isinstance(thing, libvirt.virStoragePool) and thing.name() == "barrier":
                    if what == f"pool {libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH}":
                        self._refreshed += 1
                        self._arrived.notify()
                    return
                self.events.append([what, self.plain(thing), *self.plain(details[:-1])])
        return record

    def ask_for_events(self):
        """Makes an event that comes behind all others; all_events waits for it."""
        self._wanted += 1
        self._barrier.refresh(0)

    def all_events(self):
        """The events since the last time; what a server raises is in order, so the barrier's is the last."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self._refreshed >= self._wanted, PATIENCE):
                raise Broken(self.uri + ": an event of a refresh is missing")
            events, self.events = self.events, []
        return events

    def attempt(self, call):
        """(outcome, value): ["result", ...] or ["error", ...] for the report, and what was returned."""
        libvirt.virResetLastError()  # the binding reports an old error where the library has none
        try:
            value = call()
        except libvirt.libvirtError as error:
            if not self.connection.isAlive():
                raise Broken(f"{self.uri}: {error}") from error
            return ["error", *self.plain([error.get_error_code(), error.get_error_domain(), error.get_error_level(), error.get_error_message(),
                                          error.get_str1(), error.get_str2(), error.get_str3(), error.get_int1(), error.get_int2()])], None
        except Exception as error:  # the binding takes not every value, in many ways
            return ["binding", type(error).__name__, str(error)], None
        return ["result", self.plain(value)], value

    def plain(self, value):
        """A value in words of JSON, without what each server makes for itself."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            return "<time>" if is_now(value) else value
        if isinstance(value, bytes):
            return "bytes " + value.hex()
        if isinstance(value, (list, tuple)):
            return [self.plain(one) for one in value]
        if isinstance(value, dict):
            return {self.plain(key): self.plain(one) for key, one in value.items()}
        return self.identity(value)

    def identity(self, thing):
        kind = KIND_OF.get(type(thing))
        if kind is None:
            return f"<{type(thing).__name__}>"
        parts = [kind, name_of(thing)]
        if kind in ("domain", "network", "pool"):
            parts.append(thing.UUIDString())
        if kind == "domain":
            parts.append(thing.ID())
        elif kind in ("snapshot", "checkpoint"):
            parts.append(thing.getDomain().name())
        elif kind == "volume":
            parts.append(thing.key())
        elif kind == "interface":
            parts.append(thing.MACString())
        return self.plain(parts)

    def text(self, text):
        text = GENERATED.sub(lambda match: self._number(match[0]), text.replace(self.folder, "<folder>").replace(self.uri, "<uri>"))
        return TIME.sub(lambda match: "<time>" if is_now(int(match[0])) else match[0], text)

    def _number(self, made):
        if made.startswith(("0ba1c2d3-00", "52:54:00:00:00", "52:54:00:11:22:33")):
            return made
        return self._generated.setdefault(made, f"<generated {len(self._generated) + 1}>")


def is_now(number):
    """Whether it is the present, in any unit from seconds to nanoseconds."""
    return number > 10**9 and any(abs(number / unit - time.time()) < HOUR for unit in (1, 10**3, 10**6, 10**9))
