"""Callbacks for several kinds of events, for one object or all, and that a removed one is not called again."""
import sys

import libvirt
from interop import Events, say, start_event_loop

start_event_loop()
connection = libvirt.open(sys.argv[1])
connection.setKeepAlive(5, 3)
domain = connection.lookupByName("test")
network = connection.networkLookupByName("default")
pool = connection.storagePoolLookupByName("default-pool")
events = Events()
note, wait = events.note, events.wait

every = connection.domainEventRegisterAny(
    None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, event, detail, o: note("domain", d.name(), event, detail, o), "every")
one = connection.domainEventRegisterAny(
    domain, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, event, detail, o: note("domain", d.name(), event, detail, o), "one")
net = connection.networkEventRegisterAny(
    None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, lambda c, n, event, detail, o: note("network", n.name(), event, detail, o), "net")
store = connection.storagePoolEventRegisterAny(
    pool, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, lambda c, p, event, detail, o: note("pool", p.name(), event, detail, o), "store")

domain.suspend()
wait(2)
network.destroy()
wait(1)
network.create()
wait(1)
pool.destroy()
wait(1)
pool.create()
wait(1)
connection.domainEventDeregisterAny(one)
domain.resume()
wait(1)
domain.destroy()
wait(1)
domain.create()
wait(1)
connection.domainEventDeregisterAny(every)
connection.networkEventDeregisterAny(net)
connection.storagePoolEventDeregisterAny(store)
domain.suspend()
say("alive", connection.isAlive())
say("left", events)
connection.close()
