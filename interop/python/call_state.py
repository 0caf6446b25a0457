"""All that a host tells of itself: what a sequence of calls has left there."""
import os

import libvirt

from call_sides import order

DOMAIN_FLAGS = (libvirt.VIR_DOMAIN_XML_SECURE, libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE)


def state(side):
    """Every object by its name, with each thing that can be read of it; errors are told as such."""
    connection, result = side.connection, {}

    def tell(name, key, call):
        result.setdefault(name, {})[key] = side.attempt(call)[0]

    for domain in order(connection.listAllDomains(0)):
        name = f"domain {domain.name()}"
        for key, call in (("identity", lambda: domain), ("state", domain.state), ("persistent", domain.isPersistent), ("updated", domain.isUpdated),
                          ("autostart", domain.autostart), ("saved", domain.hasManagedSaveImage), ("memory", lambda: domain.info()[1:4]),
                          ("snapshots", lambda: order(domain.listAllSnapshots())),
                          ("roots", lambda: order(domain.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS))),
                          ("checkpoints", lambda: order(domain.listAllCheckpoints())), ("live", lambda: domain.XMLDesc(DOMAIN_FLAGS[0])),
                          ("inactive", lambda: domain.XMLDesc(DOMAIN_FLAGS[1]))):
            tell(name, key, call)
        if domain.hasCurrentSnapshot():
            tell(name, "current", domain.snapshotCurrent)
        for snapshot in order(domain.listAllSnapshots()):
            tell(f"snapshot {snapshot.getName()} of {domain.name()}", "document", lambda: snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))
        for checkpoint in order(domain.listAllCheckpoints()):
            tell(f"checkpoint {checkpoint.getName()} of {domain.name()}", "document", checkpoint.getXMLDesc)
    for network in order(connection.listAllNetworks(0)):
        for key, call in (("identity", lambda: network), ("active", network.isActive), ("persistent", network.isPersistent), ("autostart", network.autostart),
                          ("document", network.XMLDesc), ("inactive", lambda: network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))):
            tell(f"network {network.name()}", key, call)
    for pool in order(connection.listAllStoragePools(0)):
        name = f"pool {pool.name()}"
        for key, call in (("identity", lambda: pool), ("active", pool.isActive), ("persistent", pool.isPersistent), ("autostart", pool.autostart),
                          ("info", pool.info), ("document", pool.XMLDesc), ("inactive", lambda: pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE))):
            tell(name, key, call)
        for volume in order(pool.listAllVolumes()) if pool.isActive() else ():
            for key, call in (("identity", lambda: volume), ("info", volume.info), ("document", volume.XMLDesc)):
                tell(f"volume {volume.name()} of {pool.name()}", key, call)
    for interface in order(connection.listAllInterfaces(0)):
        for key, call in (("identity", lambda: interface), ("active", interface.isActive), ("document", interface.XMLDesc)):
            tell(f"interface {interface.name()}", key, call)
    for device in order(connection.listAllDevices(0)):
        for key, call in (("caps", device.listCaps), ("parent", device.parent), ("document", device.XMLDesc)):
            tell(f"device {device.name()}", key, call)
    for name in sorted(os.listdir(side.folder)):
        if name != "folder":
            with open(side.path(name), "rb") as content:
                result[f"file {name}"] = {"content": content.read().decode("latin-1")}
    return side.plain(result)
