"""Gives documents to a server and tells what it makes of each: run_documents.py URI DOCUMENTS RESULTS

DOCUMENTS holds one JSON object a line (name, kind, xml); RESULTS gets one a line as well, in the same order: name, and either what the server printed
("inactive", "live" ...) or "error" as code, domain, message. The work is done in a child; where a document ends that (upstream's
library dies in the process that uses it), its result is "died", and another child goes on behind it.
"""
import json
import os
import sys

import libvirt

libvirt.registerErrorHandler(lambda context, error: None, None)

# The ends of the chains are said, since ours would add them once the domain runs.
DISKS = """<domain type='test'><name>disks</name><memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file'><driver type='qcow2'/><source file='/a'/><backingStore/><target dev='vda'/></disk>
<disk type='file'><driver type='qcow2'/><source file='/b'/><backingStore/><target dev='vdb'/></disk></devices></domain>"""
SECURE = libvirt.VIR_DOMAIN_XML_SECURE
INACTIVE = libvirt.VIR_DOMAIN_XML_INACTIVE


def attempt(result, key, call):
    """Puts what a call returns, or the error that it raises, into the result; returns it."""
    try:
        value = call()
    except libvirt.libvirtError as error:
        # Ours says where a document breaks its schema; libxml2 does not.
        result[key] = [error.get_error_code(), error.get_error_domain(), error.get_error_message().split("\nAt /")[0].rstrip("\n")]
        return None
    if isinstance(value, str):
        result[key] = value
    return value


def lifecycle(result, thing, dump):
    """Starts and stops what was defined, and prints it while it runs; it is gone afterwards."""
    if attempt(result, "create", thing.create) is not None:
        attempt(result, "live", lambda: dump(0))
        attempt(result, "inactive of live", lambda: dump(1))
        thing.destroy()
    thing.undefine()


def domain(result, connection, xml):
    one = attempt(result, "error", lambda: connection.defineXML(xml))
    if one is None:
        return
    attempt(result, "inactive", lambda: one.XMLDesc(INACTIVE | SECURE))
    attempt(result, "plain", lambda: one.XMLDesc(0))
    attempt(result, "migratable", lambda: one.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE))
    lifecycle(result, one, lambda inactive: one.XMLDesc(INACTIVE if inactive else SECURE))


def validated(result, connection, xml):
    """A domain that must keep to the schema."""
    one = attempt(result, "error", lambda: connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE))
    if one is not None:
        one.undefine()


def network(result, connection, xml):
    one = attempt(result, "error", lambda: connection.networkDefineXML(xml))
    if one is not None:
        attempt(result, "inactive", lambda: one.XMLDesc(0))
        lifecycle(result, one, one.XMLDesc)


def pool(result, connection, xml):
    one = attempt(result, "error", lambda: connection.storagePoolDefineXML(xml))
    if one is not None:
        attempt(result, "inactive", lambda: one.XMLDesc(0))
        lifecycle(result, one, one.XMLDesc)


def volume(result, connection, xml):
    holder = connection.storagePoolLookupByName("default-pool")
    one = attempt(result, "error", lambda: holder.createXML(xml))
    if one is not None:
        attempt(result, "live", lambda: one.XMLDesc(0))
        one.delete()


def interface(result, connection, xml):
    one = attempt(result, "error", lambda: connection.interfaceDefineXML(xml))
    if one is not None:
        attempt(result, "inactive", lambda: one.XMLDesc(1))
        lifecycle(result, one, one.XMLDesc)


def nodedev(result, connection, xml):
    one = attempt(result, "error", lambda: connection.nodeDeviceCreateXML(xml))
    if one is not None:
        attempt(result, "live", lambda: one.XMLDesc(0))
        one.destroy()


def moment(result, connection, create):
    """Makes a snapshot or a checkpoint of a running domain with disks that nothing else has been done to."""
    disks = connection.createXML(DISKS)
    one = attempt(result, "error", lambda: create(disks))
    if one is not None:
        attempt(result, "live", lambda: one.getXMLDesc(0))
        one.delete(0)
    disks.destroy()


def snapshot(result, connection, xml):
    moment(result, connection, lambda disks: disks.snapshotCreateXML(xml))


def checkpoint(result, connection, xml):
    moment(result, connection, lambda disks: disks.checkpointCreateXML(xml))


KINDS = {"domain": domain, "validated": validated, "network": network, "pool": pool, "volume": volume, "interface": interface, "nodedev": nodedev,
         "snapshot": snapshot, "checkpoint": checkpoint}


def run(uri, documents, first, results):
    """The child's work: all documents from the first one on."""
    connection = libvirt.open(uri)
    for line in documents[first:]:
        document = json.loads(line)
        result = {"name": document["name"]}
        try:
            KINDS[document["kind"]](result, connection, document["xml"])
        except libvirt.libvirtError as error:
            result["broken"] = str(error)
        results.write(json.dumps(result) + "\n")
        results.flush()
        # What upstream failed to start stays behind, half there; only the end of all connections takes it away.
        if "broken" in result or "create" in result:
            return


def main(uri, source, target, kinds=KINDS, work=run):
    with open(source, encoding="utf-8") as lines:
        documents = [line for line in lines if json.loads(line)["kind"] in kinds]
    open(target, "w", encoding="utf-8").close()
    while True:
        with open(target, encoding="utf-8") as lines:
            done = sum(1 for _ in lines)
        if done == len(documents):
            return
        child = os.fork()
        if child == 0:
            with open(target, "a", encoding="utf-8") as results:
                work(uri, documents, done, results)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        with open(target, encoding="utf-8") as lines:
            done = sum(1 for _ in lines)
        if status != 0 and done < len(documents):
            with open(target, "a", encoding="utf-8") as results:
                results.write(json.dumps({"name": json.loads(documents[done])["name"], "died": os.waitstatus_to_exitcode(status)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
