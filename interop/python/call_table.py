"""The calls: for each kind of object its methods, how often each is drawn, and the makers of its arguments."""
import call_documents as xml
from call_sides import order
from call_values import (CHECKPOINTS, DEVICES, DISKS, DOMAINS, INTERFACES, MAX_LONG, MAX_UINT, MAX_ULONG, NETWORKS, POOLS, SNAPSHOTS, TARGETS,
                         VOLUMES, ForSide, always, callback, cpu_map, dump_file, file, flags, handle, handle_or_none, handles, known,
                         mostly, name, number, one_of, parameters, uuid_of)

LISTS = ("getAllDomainStats", "domainListGetStats", "snapshotListNames")


class Call:
    """One method. Reads change nothing; clock says that its numbers go with the time; lists have no order."""

    def __init__(self, method, *arguments, weight=1.0, reads=False, clock=False, call=None, together=None):
        self.method, self._arguments, self._together, self.weight, self.reads, self.clock = method, arguments, together, weight, reads, clock
        self._call = call or (lambda thing, *values: getattr(thing, method)(*values))
        self._is_list = method in LISTS or method.startswith("list")

    def draw(self, rng, world):
        """Arguments for one time: each by itself, or all together."""
        return self._together(rng, world) if self._together else [make(rng, world) for make in self._arguments]

    def make(self, thing, *values):
        result = self._call(thing, *values)
        return order(result) if self._is_list else result


def get(method, *arguments, weight=0.4, **more):
    return Call(method, *arguments, weight=weight, reads=True, **more)


def screenshot(domain, stream, screen, bits):
    """Each server has a picture of its own."""
    kind = domain.screenshot(stream, screen, bits)
    parts = []
    stream.recvAll(lambda _, data, parts: parts.append(data), parts)
    stream.finish()
    return [kind, len(b"".join(parts)) > 0]


# What upstream's driver refuses, or leaves out, and ours does: such a call is made on upstream alone, and counted apart.
BEYOND = {
    "domain.snapshotCreateXML": (1, 0x34),  # NO_METADATA, DISK_ONLY, REUSE_EXT
    "domain.revertToSnapshot": (1, 8),  # RESET_NVRAM
    "snapshot.delete": (0, 2),  # METADATA_ONLY
    "domain.checkpointCreateXML": (1, 4),  # REDEFINE_VALIDATE
    "pool.createXML": (1, 4), "pool.createXMLFrom": (2, 4),  # VALIDATE, which upstream's parser does not know
    "device.XMLDesc": (0, 1),  # INACTIVE
    "connect.listAllDevices": (0, 0xF0000000),  # by state
    "connect.getAllDomainStats": (0, 0x7FE & ~0x80),  # all groups but STATE and IOTHREAD
    "connect.domainListGetStats": (1, 0x7FE & ~0x80),
    "connect.getFreePages": None,  # upstream's server says that nothing was said: its driver counts nothing
    "domain.guestVcpus": None,  # the binding takes a refusal for an empty answer
    "domain.securityLabelList": None,  # a refusal without a word
}


def is_beyond(name, arguments):
    if name not in BEYOND:
        return False
    return BEYOND[name] is None or arguments[BEYOND[name][0]] & BEYOND[name][1] != 0


def register(kind):
    """Registers for an event, for all objects or for one; the ids belong to the library, each server's calls count alike."""
    def call(connection, thing, event):
        return getattr(connection, kind + "EventRegisterAny")(thing, event, connection.side.recorder(f"{kind} {event} of {'one' if thing else 'all'}"), None)
    return call


SIDE_STREAM = always(ForSide("a stream", xml.stream_of))
AFFECT = flags("VIR_DOMAIN_AFFECT_")
PARAMS = flags("VIR_DOMAIN_AFFECT_", "VIR_TYPED_PARAM_")
MEMORY = number(0, 1024, 2048, 65536, 500000, 1048576, 2097152, 8388608, most=MAX_ULONG // 1024)
SMALL = number(0, 1, 2, 3, 4, 5)
THREAD = number(1, 4, 4, 5)
EVENT = number(*range(27))
METADATA = number(0, 1, 2)
LIMITS = (0, 1, 1000, 4096, 10**6, MAX_LONG // 1024, MAX_ULONG)
IOTUNE = parameters(**{part + "_sec" + tail: (0, 1000, 2000, 10**9, 10**15, MAX_ULONG)
                       for part in ("total_bytes", "read_bytes", "write_bytes", "total_iops", "read_iops", "write_iops")
                       for tail in ("", "_max", "_max_length")}, size_iops_sec=(0, 4096), group_name=("g", "drive0", ""))

POLLING = parameters(poll_max_ns=LIMITS, poll_grow=LIMITS, poll_shrink=LIMITS, thread_pool_min=(-1, 0, 4), thread_pool_max=(-1, 0, 8))
BANDWIDTH = parameters(**{f"{way}.{part}": (0, 1, 100, 1000, MAX_UINT) for way in ("inbound", "outbound") for part in ("average", "peak", "burst", "floor")})
BLKIO = parameters(weight=(0, 100, 500, 1000), device_weight=("/dev/sda,300", "/dev/sdb,0", "odd"), device_read_iops_sec=("/dev/sda,20",),
                   device_write_bytes_sec=("/dev/sda,1000000,/dev/sdb,5",))
CONTENT = one_of(None, "text", "new\nline", "<a xmlns='urn:my'/>", "<a/>", "<", "")

CALLS = {"connect": [
    get("getInfo"), get("getType"), get("getVersion"), get("getLibVersion", weight=0.05), get("getHostname"), get("getURI"), get("isAlive"),
    get("isEncrypted"), get("isSecure"),
    get("getMaxVcpus", one_of(None, "test", "kvm", "", "odd")), get("getCapabilities"), get("getSysinfo", flags("none")), get("getSecurityModel"),
    get("getCPUMap", flags("none")), get("getCPUModelNames", one_of("x86_64", "i686", "ppc64", "odd", ""), flags("none")),
    get("getCPUStats", number(-1, 0, 1, 15, 16), flags("none"), clock=True), get("getFreeMemory"),
    get("getCellsFreeMemory", number(0, 1, 2), number(1, 2, 3)),
    get("getFreePages", one_of([4], [2048], [4, 2048], [4, 2048, 1048576], [3], []), number(-1, 0, 1, 2), number(1, 2, 3, most=MAX_UINT), flags("none")),
    get("getMemoryStats", number(-1, 0, 1), flags("none"), weight=0.1), get("getMemoryParameters", flags("VIR_TYPED_PARAM_"), weight=0.1),
    get("baselineCPU", xml.processors, flags("VIR_CONNECT_BASELINE_CPU_")), get("compareCPU", xml.processor, flags("VIR_CONNECT_COMPARE_CPU_"), weight=0.1),
    get("numOfDomains"), get("numOfDefinedDomains"), get("listDomainsID"), get("listDefinedDomains"),
    get("listAllDomains", flags("VIR_CONNECT_LIST_DOMAINS_"), weight=1),
    get("lookupByID", number(0, 1, 2, 3, 4, 5)), get("lookupByName", name(*DOMAINS)), get("lookupByUUIDString", uuid_of(*DOMAINS)),
    get("getAllDomainStats", flags("VIR_DOMAIN_STATS_"), flags("VIR_CONNECT_GET_ALL_DOMAINS_STATS_"), clock=True),
    get("domainListGetStats", handles("domain"), flags("VIR_DOMAIN_STATS_"), flags("VIR_CONNECT_GET_ALL_DOMAINS_STATS_"), clock=True),
    Call("createXML", xml.domain, flags("VIR_DOMAIN_START_"), weight=4), Call("defineXML", xml.domain, weight=4),
    Call("defineXML", xml.own_document("domain", 2), weight=1),
    Call("defineXMLFlags", xml.domain, flags("VIR_DOMAIN_DEFINE_")),
    Call("createXMLWithFiles", xml.domain, always([]), flags("VIR_DOMAIN_START_"), weight=0.3),
    Call("createLinux", xml.domain, flags("VIR_DOMAIN_START_"), weight=0.2),
    Call("restore", file), Call("restoreFlags", file, mostly(always(None), xml.domain), flags("VIR_DOMAIN_SAVE_")),
    get("saveImageGetXMLDesc", file, flags("VIR_DOMAIN_SAVE_IMAGE_XML_", "VIR_DOMAIN_XML_")),
    Call("saveImageDefineXML", file, xml.domain, flags("VIR_DOMAIN_SAVE_")),
    Call("domainEventRegisterAny", handle_or_none("domain"), EVENT, weight=0.5, call=register("domain")),
    Call("domainEventDeregisterAny", callback("domain"), weight=0.3),
    get("numOfNetworks"), get("numOfDefinedNetworks"), get("listNetworks"), get("listDefinedNetworks"),
    get("listAllNetworks", flags("VIR_CONNECT_LIST_NETWORKS_")),
    get("networkLookupByName", name(*NETWORKS)), get("networkLookupByUUIDString", uuid_of(*NETWORKS)), Call("networkCreateXML", xml.network),
    Call("networkDefineXML", xml.network),
    Call("networkCreateXMLFlags", xml.network, flags("VIR_NETWORK_CREATE_")), Call("networkDefineXMLFlags", xml.network, flags("VIR_NETWORK_DEFINE_")),
    Call("networkEventRegisterAny", handle_or_none("network"), number(0, 1), weight=0.3, call=register("network")),
    Call("networkEventDeregisterAny", callback("network"), weight=0.2),
    get("numOfStoragePools"), get("numOfDefinedStoragePools"), get("listStoragePools"), get("listDefinedStoragePools"),
    get("listAllStoragePools", flags("VIR_CONNECT_LIST_STORAGE_POOLS_"), weight=0.6), get("storagePoolLookupByName", name(*POOLS)),
    get("storagePoolLookupByUUIDString", uuid_of(*POOLS)), Call("storagePoolCreateXML", xml.pool, flags("VIR_STORAGE_POOL_CREATE_"), weight=2),
    Call("storagePoolDefineXML", xml.pool, always(0), weight=1.5), Call("storagePoolDefineXML", xml.pool, flags("VIR_STORAGE_POOL_DEFINE_"), weight=0.5),
    get("findStoragePoolSources", one_of("iscsi", "logical", "netfs", "dir", "odd", ""),
        # Not <source/>: for netfs, that ends upstream's server.
        one_of(None, "<source><host name='h'/></source>", "<x/>", "nonsense", ""), flags("none")),
    get("storageVolLookupByPath", one_of("/p/v1", "/q/v1", "/default-pool/v1", "/shelf/disk-a", "", "nope")),
    get("storageVolLookupByKey", one_of("/default-pool/v2", "/default-pool/v3", "/p/v1", "/default-pool/v1", "", "nope")),
    Call("storagePoolEventRegisterAny", handle_or_none("pool"), number(0, 1, 2), weight=0.3, call=register("storagePool")),
    Call("storagePoolEventDeregisterAny", callback("storagePool"), weight=0.2),
    get("storagePoolLookupByTargetPath", one_of("/default-pool", "/p"), weight=0.1),
    get("numOfInterfaces"), get("numOfDefinedInterfaces"), get("listInterfaces"), get("listDefinedInterfaces"),
    get("listAllInterfaces", flags("VIR_CONNECT_LIST_INTERFACES_")),
    get("interfaceLookupByName", name(*INTERFACES)),
    get("interfaceLookupByMACString", one_of("aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:00", "00:11:22:33:44:55", "", "x")),
    Call("interfaceDefineXML", xml.interface, flags("VIR_INTERFACE_DEFINE_"), weight=1.5), Call("changeBegin", flags("none"), weight=1.5),
    Call("changeCommit", flags("none"), weight=0.7),
    Call("changeRollback", flags("none"), weight=1),
    get("numOfDevices", one_of(None, "system", "scsi_host", "odd", ""), flags("none")),
    get("listDevices", one_of(None, "system", "scsi_host", "fc_host", "vports", "odd", ""), flags("none")),
    get("listAllDevices", flags("VIR_CONNECT_LIST_NODE_DEVICES_")), get("nodeDeviceLookupByName", name(*DEVICES)),
    Call("nodeDeviceCreateXML", xml.node_device, always(0), weight=2.5),
    Call("nodeDeviceCreateXML", xml.node_device, flags("VIR_NODE_DEVICE_CREATE_"), weight=0.5),
    Call("nodeDeviceEventRegisterAny", handle_or_none("device"), number(0, 1), weight=0.3, call=register("nodeDevice")),
    Call("nodeDeviceEventDeregisterAny", callback("nodeDevice"), weight=0.2),
], "domain": [
    get("name", weight=0.1), get("UUIDString", weight=0.1), get("ID", weight=0.1), get("OSType"), get("XMLDesc", flags("VIR_DOMAIN_XML_"), weight=2),
    get("info", clock=True), get("state", flags("none")),
    get("controlInfo", flags("none")), get("isActive"), get("isPersistent"), get("isUpdated"), get("hostname", flags("VIR_DOMAIN_GET_HOSTNAME_")),
    get("getTime", flags("none")),
    get("maxMemory"), get("maxVcpus"), get("vcpusFlags", flags("VIR_DOMAIN_VCPU_", "VIR_DOMAIN_AFFECT_"), weight=0.8), get("vcpus", clock=True),
    get("vcpuPinInfo", AFFECT),
    get("emulatorPinInfo", AFFECT), get("ioThreadInfo", AFFECT), get("memoryStats", clock=True),
    get("memoryPeek", number(0, 1, 4096, most=MAX_ULONG), one_of(0, 1, 16, 65536, 65537, 1048576), flags("VIR_MEMORY_")),
    get("memoryParameters", PARAMS), get("numaParameters", PARAMS), get("blkioParameters", PARAMS), get("interfaceParameters", name(*TARGETS), PARAMS),
    get("blockIoTune", name(*DISKS), PARAMS),
    get("schedulerType"), get("schedulerParameters"), get("schedulerParametersFlags", PARAMS), get("perfEvents", PARAMS),
    get("launchSecurityInfo", flags("VIR_TYPED_PARAM_")),
    get("getCPUStats", one_of(True, False), flags("VIR_TYPED_PARAM_"), clock=True), get("diskErrors", flags("none")), get("fsInfo", flags("none")),
    get("blockStats", name(*DISKS), clock=True), get("interfaceStats", name(*TARGETS), clock=True), get("blockInfo", name(*DISKS), flags("none")),
    get("blockStatsFlags", name(*DISKS), flags("VIR_TYPED_PARAM_"), weight=0.1),
    get("interfaceAddresses", number(0, 1, 2, 3), flags("none")), get("autostart"), get("hasManagedSaveImage", flags("none")),
    get("metadata", always(2), always("urn:my"), AFFECT), get("metadata", METADATA, one_of(None, "urn:my", "urn:other", ""), AFFECT, weight=0.8),
    get("messages", flags("VIR_DOMAIN_MESSAGE_")), get("hasCurrentSnapshot", flags("none")), get("snapshotNum", flags("VIR_DOMAIN_SNAPSHOT_LIST_")),
    get("snapshotListNames", flags("VIR_DOMAIN_SNAPSHOT_LIST_")),
    get("listAllSnapshots", flags("VIR_DOMAIN_SNAPSHOT_LIST_"), weight=1), get("snapshotLookupByName", known("snapshot", name(*SNAPSHOTS)), flags("none")),
    get("snapshotCurrent", flags("none")),
    get("listAllCheckpoints", flags("VIR_DOMAIN_CHECKPOINT_LIST_"), weight=0.6),
    get("checkpointLookupByName", known("checkpoint", name(*CHECKPOINTS)), flags("none")),
    get("screenshot", SIDE_STREAM, number(0, 1), flags("none"), weight=0.2, call=screenshot), get("securityLabel"), get("securityLabelList", weight=0.1),
    get("jobInfo", weight=0.1), get("jobStats", flags("VIR_DOMAIN_JOB_STATS_"), weight=0.1),
    get("blockJobInfo", name(*DISKS), flags("VIR_DOMAIN_BLOCK_JOB_INFO_"), weight=0.1), get("guestVcpus", flags("none"), weight=0.1),
    get("migrateGetMaxSpeed", flags("none"), weight=0.1),
    Call("create", weight=3), Call("createWithFlags", flags("VIR_DOMAIN_START_")),
    Call("createWithFiles", always([]), flags("VIR_DOMAIN_START_"), weight=0.2),
    Call("suspend", weight=1.5), Call("resume", weight=1.5), Call("shutdown"), Call("shutdownFlags", flags("VIR_DOMAIN_SHUTDOWN_"), weight=0.7),
    Call("reboot", flags("VIR_DOMAIN_REBOOT_"), weight=0.7), Call("reset", flags("none"), weight=0.4), Call("destroy"),
    Call("destroyFlags", flags("VIR_DOMAIN_DESTROY_"), weight=0.7),
    Call("undefine", weight=0.5), Call("undefineFlags", flags("VIR_DOMAIN_UNDEFINE_")), Call("save", file),
    Call("saveFlags", file, mostly(always(None), xml.domain), flags("VIR_DOMAIN_SAVE_")),
    Call("managedSave", flags("VIR_DOMAIN_SAVE_"), weight=1.5), Call("managedSaveRemove", flags("none")), Call("coreDump", dump_file, flags("VIR_DUMP_")),
    Call("coreDumpWithFormat", dump_file, number(0, 1, 2, 3, 4, 5), flags("VIR_DUMP_")), Call("setAutostart", number(0, 1)),
    Call("rename", name(*DOMAINS), flags("none")),
    Call("setMaxMemory", MEMORY), Call("setMemory", MEMORY), Call("setMemoryFlags", MEMORY, flags("VIR_DOMAIN_MEM_", "VIR_DOMAIN_AFFECT_")),
    Call("setMemoryStatsPeriod", number(0, 1, 5), AFFECT, weight=0.6),
    Call("setVcpus", SMALL), Call("setVcpusFlags", number(1, 2, 3, 4, 8, 32, 33, most=65535), flags("VIR_DOMAIN_VCPU_", "VIR_DOMAIN_AFFECT_"), weight=1.5),
    Call("pinVcpu", SMALL, cpu_map), Call("pinVcpuFlags", SMALL, cpu_map, AFFECT), Call("pinEmulator", cpu_map, AFFECT),
    Call("addIOThread", THREAD, AFFECT, weight=2.5),
    Call("delIOThread", THREAD, AFFECT),
    Call("pinIOThread", THREAD, cpu_map, AFFECT),
    Call("setIOThreadParams", THREAD, POLLING, PARAMS, weight=3),
    Call("setMemoryParameters", parameters(hard_limit=LIMITS, soft_limit=LIMITS, swap_hard_limit=LIMITS, min_guarantee=LIMITS), PARAMS),
    Call("setNumaParameters", parameters(numa_nodeset=("0", "0-1", "1,3", "odd", ""), numa_mode=(0, 1, 2, 3, 4)), PARAMS),
    Call("setBlkioParameters", BLKIO, PARAMS),
    Call("setInterfaceParameters", name(*TARGETS), BANDWIDTH, PARAMS),
    Call("setBlockIoTune", name(*DISKS), IOTUNE, PARAMS), Call("setSchedulerParameters", parameters(weight=(0, 1, 50, 100))),
    Call("setSchedulerParametersFlags", parameters(weight=(0, 1, 50, 100)), PARAMS),
    Call("setPerfEvents", parameters(cmt=(True, False), mbmt=(True, False), cpu_cycles=(True, False)), PARAMS),
    Call("setMetadata", METADATA, CONTENT, one_of(None, "my", "k", "1", ""), one_of(None, "urn:my", "urn:other"), AFFECT, weight=1.5),
    Call("setLifecycleAction", number(0, 1, 2), number(0, 1, 2, 3, 4, 5), AFFECT),
    Call("setUserPassword", one_of("root", "user", ""), one_of("secret", ""), flags("VIR_DOMAIN_PASSWORD_"), weight=0.5),
    Call("setTime", one_of(None, {}, {"seconds": 1, "nseconds": 2}, {"seconds": -1}), flags("VIR_DOMAIN_TIME_"), weight=0.5),
    Call("sendKey", number(0, 1, 2, 9), number(0, 1, 100, most=MAX_UINT), one_of([1], [1, 2, 3], [0], [255, 256], [MAX_UINT]), flags("none"), weight=0.6,
         call=lambda domain, codes, time, keys, bits: domain.sendKey(codes, time, keys, len(keys), bits)),
    Call("sendProcessSignal", number(1, 0, 2, most=MAX_LONG), number(1, 0, 9, 15, 64, 65), flags("none"), weight=0.5),
    Call("injectNMI", flags("none"), weight=0.4),
    Call("fsFreeze", one_of(None, [], ["/"], ["/", "/x"], [""]), flags("none"), weight=0.7),
    Call("fsThaw", one_of(None, [], ["/"], ["nope"]), flags("none"), weight=0.7),
    Call("fSTrim", one_of(None, "/", "/x", ""), number(0, 1, most=MAX_ULONG), flags("none"), weight=0.4),
    Call("snapshotCreateXML", xml.snapshot, flags("VIR_DOMAIN_SNAPSHOT_CREATE_"), weight=3), Call("snapshotCreateXML", xml.snapshot, always(0), weight=2),
    Call("snapshotCreateXML", xml.again("snapshot", SNAPSHOTS[:3], xml.snapshot), one_of(1, 3, 1, 3, 0x201, 1 | 4, 1 | 2 | 0x200), weight=2),
    Call("revertToSnapshot", handle("snapshot"), flags("VIR_DOMAIN_SNAPSHOT_REVERT_"), weight=2),
    Call("checkpointCreateXML", xml.checkpoint, flags("VIR_DOMAIN_CHECKPOINT_CREATE_"), weight=1.5),
    Call("checkpointCreateXML", xml.again("checkpoint", CHECKPOINTS, xml.checkpoint), one_of(1, 1, 5, 3)),
    Call("attachDeviceFlags", xml.device, AFFECT, weight=0.1), Call("detachDevice", xml.device, weight=0.1),
    Call("updateDeviceFlags", xml.device, AFFECT, weight=0.1), Call("abortJob", weight=0.1),
    Call("blockPull", name(*DISKS), number(0), flags("VIR_DOMAIN_BLOCK_PULL_"), weight=0.1),
    Call("blockResize", name(*DISKS), number(1024, most=MAX_ULONG), flags("VIR_DOMAIN_BLOCK_RESIZE_"), weight=0.1),
    Call("pMWakeup", flags("none"), weight=0.1), Call("pMSuspendForDuration", number(0, 1, 2), number(0, 1), flags("none"), weight=0.1),
    Call("setVcpu", one_of("0", "1", "0-1"), number(0, 1), AFFECT, weight=0.1),
], "snapshot": [
    get("getName", weight=0.1), get("getXMLDesc", flags("VIR_DOMAIN_SNAPSHOT_XML_", "VIR_DOMAIN_XML_"), weight=1), get("getParent", flags("none")),
    get("isCurrent", flags("none")), get("hasMetadata", flags("none")),
    get("numChildren", flags("VIR_DOMAIN_SNAPSHOT_LIST_")), get("listChildrenNames", flags("VIR_DOMAIN_SNAPSHOT_LIST_")),
    get("listAllChildren", flags("VIR_DOMAIN_SNAPSHOT_LIST_")),
    Call("delete", flags("VIR_DOMAIN_SNAPSHOT_DELETE_"), weight=1.5),
], "checkpoint": [
    get("getName", weight=0.1), get("getXMLDesc", flags("VIR_DOMAIN_CHECKPOINT_XML_")), get("getParent", flags("none")),
    get("listAllChildren", flags("VIR_DOMAIN_CHECKPOINT_LIST_")),
    Call("delete", flags("VIR_DOMAIN_CHECKPOINT_DELETE_"), weight=1.5),
], "network": [
    get("name", weight=0.1), get("UUIDString", weight=0.1), get("XMLDesc", flags("VIR_NETWORK_XML_"), weight=1), get("bridgeName"), get("autostart"),
    get("isActive"), get("isPersistent"), get("DHCPLeases", one_of(None, "52:54:00:00:00:01", "odd"), flags("none"), weight=0.1),
    Call("create"), Call("destroy"), Call("undefine", weight=0.6), Call("setAutostart", number(0, 1)),
    Call("update", number(0, 1, 2, 3, 4, 5), number(*range(14)), number(-1, 0, 1), xml.network_part, flags("VIR_NETWORK_UPDATE_"), weight=1.5),
    Call("update", together=xml.network_update, weight=3),
], "pool": [
    get("name", weight=0.1), get("UUIDString", weight=0.1), get("XMLDesc", flags("VIR_STORAGE_XML_"), weight=1), get("info"), get("autostart"),
    get("isActive"), get("isPersistent"), get("numOfVolumes"), get("listVolumes"),
    get("listAllVolumes", flags("none")), get("storageVolLookupByName", known("volume", name(*VOLUMES))),
    Call("create", flags("VIR_STORAGE_POOL_CREATE_"), weight=1.5), Call("build", flags("VIR_STORAGE_POOL_BUILD_")),
    Call("destroy"), Call("delete", flags("VIR_STORAGE_POOL_DELETE_")), Call("undefine", weight=0.6), Call("refresh", flags("none")),
    Call("setAutostart", number(0, 1)),
    Call("createXML", xml.volume, flags("VIR_STORAGE_VOL_CREATE_"), weight=3),
    Call("createXMLFrom", xml.volume, handle("volume"), flags("VIR_STORAGE_VOL_CREATE_"), weight=1.5),
], "volume": [
    get("name", weight=0.1), get("key", weight=0.1), get("XMLDesc", flags("none"), weight=1), get("path"), get("info"),
    get("infoFlags", flags("VIR_STORAGE_VOL_"), weight=0.1), get("storagePoolLookupByVolume"),
    Call("delete", flags("VIR_STORAGE_VOL_DELETE_")), Call("resize", number(1024, most=MAX_ULONG), flags("VIR_STORAGE_VOL_RESIZE_"), weight=0.1),
    Call("wipe", flags("none"), weight=0.1),
], "interface": [
    get("name", weight=0.1), get("MACString", weight=0.1), get("XMLDesc", flags("VIR_INTERFACE_XML_"), weight=0.8), get("isActive"),
    Call("create", flags("none")), Call("destroy", flags("none")), Call("undefine", weight=0.6),
], "device": [
    get("name", weight=0.1), get("XMLDesc", flags("VIR_NODE_DEVICE_XML_"), weight=0.8), get("parent"), get("numOfCaps"), get("listCaps"),
    Call("destroy", weight=3), get("autostart", weight=0.1),
    Call("reset", weight=0.1), Call("detachFlags", one_of(None, "vfio"), flags("none"), weight=0.1),
]}

# How often each kind of object is drawn.
KINDS = {"connect": 30, "domain": 45, "snapshot": 9, "checkpoint": 4, "network": 7, "pool": 8, "volume": 5, "interface": 5, "device": 4}
