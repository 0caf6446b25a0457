"""Has a server validate documents, and tells its verdict on each: validate_documents.py URI DOCUMENTS RESULTS

DOCUMENTS and RESULTS as in run_documents.py. A result holds "verdict": "accepted", "invalid" (the schema refuses it) or "refused" (something else does), and
the error as code, domain, level, message.

Upstream's driver reads its schemas anew for each document, which takes longer than all else together. So its schemas are read once here and held against the
documents by libxml2, as upstream does it; what passes is given to the driver without the flag. Every 40th document is given to it with the flag as well, and
if that comes out in another way, the verdict says so. What upstream's test driver has no objects of is only held against the schema: "passed" is what
passes, whatever else may be wrong with it.
"""
import ctypes
import json
import signal
import sys

import libvirt

import run_documents

SAMPLE = 40
NO_ERRORS = 32 + 64  # XML_PARSE_NOERROR, XML_PARSE_NOWARNING
PATIENCE = 20  # seconds; libxml2's time doubles with each attribute that may be left out
INVALID = [92, libvirt.VIR_FROM_XML, libvirt.VIR_ERR_ERROR]
START = "XML document failed to validate against schema: Unable to validate doc against /usr/share/libvirt/schemas/%s.rng\n"
SCHEMAS = {"domain": "domain", "network": "network", "pool": "storagepool", "volume": "storagevol", "interface": "interface", "nodedev": "nodedev",
           "snapshot": "domainsnapshot", "checkpoint": "domaincheckpoint", "secret": "secret", "nwfilter": "nwfilter", "binding": "nwfilterbinding",
           "networkport": "networkport", "backup": "domainbackup"}
ONLY_SCHEMA = ("secret", "nwfilter", "binding", "networkport", "backup")
PORT_NETWORK = "<network><name>ports</name><uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d00</uuid><bridge name='virbr77'/></network>"


# --- The calls

def network_port(connection, xml, validate):
    network = connection.networkCreateXML(PORT_NETWORK)
    try:
        network.portCreateXML(xml, libvirt.VIR_NETWORK_PORT_CREATE_VALIDATE * validate).delete()
    finally:
        network.destroy()


def moment(connection, create):
    """Does something to a running domain with disks, and takes back what was done."""
    disks = connection.createXML(run_documents.DISKS)
    try:
        create(disks)
    finally:
        disks.destroy()


def give(connection, kind, xml, validate):
    """Makes an object of a document, and removes it; a document that is refused raises the error."""
    if kind == "domain":
        connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE * validate).undefine()
    elif kind == "network":
        connection.networkDefineXMLFlags(xml, libvirt.VIR_NETWORK_DEFINE_VALIDATE * validate).undefine()
    elif kind == "pool":
        connection.storagePoolDefineXML(xml, libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE * validate).undefine()
    elif kind == "volume":
        connection.storagePoolLookupByName("default-pool").createXML(xml, libvirt.VIR_STORAGE_VOL_CREATE_VALIDATE * validate).delete()
    elif kind == "interface":
        connection.interfaceDefineXML(xml, libvirt.VIR_INTERFACE_DEFINE_VALIDATE * validate).undefine()
    elif kind == "nodedev":
        connection.nodeDeviceCreateXML(xml, libvirt.VIR_NODE_DEVICE_CREATE_XML_VALIDATE * validate).destroy()
    elif kind == "secret":
        connection.secretDefineXML(xml, libvirt.VIR_SECRET_DEFINE_VALIDATE * validate).undefine()
    elif kind == "nwfilter":
        connection.nwfilterDefineXMLFlags(xml, libvirt.VIR_NWFILTER_DEFINE_VALIDATE * validate).undefine()
    elif kind == "binding":
        connection.nwfilterBindingCreateXML(xml, libvirt.VIR_NWFILTER_BINDING_CREATE_VALIDATE * validate).delete()
    elif kind == "networkport":
        network_port(connection, xml, validate)
    elif kind == "snapshot":
        moment(connection, lambda disks: disks.snapshotCreateXML(xml, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE * validate).delete(0))
    elif kind == "checkpoint":
        moment(connection, lambda disks: disks.checkpointCreateXML(xml).delete(0))
    else:
        moment(connection, lambda disks: disks.backupBegin(xml, None))


def judge(connection, kind, xml, validate=True):
    """The verdict, and the error."""
    try:
        give(connection, kind, xml, validate)
    except libvirt.libvirtError as error:
        told = [error.get_error_code(), error.get_error_domain(), error.get_error_level(), error.get_error_message()]
        return ("invalid" if told[0] == INVALID[0] else "refused"), told
    return "accepted", []


# --- Upstream's schemas

class Schemas:
    """libxml2 with upstream's schemas, each read when it is needed first."""

    def __init__(self):
        self._library = library = ctypes.CDLL("libxml2.so.2")
        for name in ("xmlReadMemory", "xmlRelaxNGNewParserCtxt", "xmlRelaxNGParse", "xmlRelaxNGNewValidCtxt"):
            getattr(library, name).restype = ctypes.c_void_p
        # What it has to say is not asked for. A handler for the whole process would also keep it from upstream's driver.
        self._quiet = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(lambda context, error: None)
        self._read = {}

    def _schema(self, kind):
        if kind not in self._read:
            context = self._library.xmlRelaxNGNewParserCtxt(("/usr/share/libvirt/schemas/%s.rng" % SCHEMAS[kind]).encode())
            self._read[kind] = ctypes.c_void_p(self._library.xmlRelaxNGParse(ctypes.c_void_p(context)))
        return self._read[kind]

    def refuse(self, kind, xml):
        """Whether the document breaks its schema. What is no XML does not."""
        library, text = self._library, xml.encode()
        document = ctypes.c_void_p(library.xmlReadMemory(text, len(text), b"document", None, NO_ERRORS))
        if not document:
            return False
        context = ctypes.c_void_p(library.xmlRelaxNGNewValidCtxt(self._schema(kind)))
        library.xmlRelaxNGSetValidStructuredErrors(context, self._quiet, None)
        broken = library.xmlRelaxNGValidateDoc(context, document) != 0
        library.xmlRelaxNGFreeValidCtxt(context)
        library.xmlFreeDoc(document)
        return broken


def judge_upstream(schemas, connection, kind, xml, sampled):
    if schemas.refuse(kind, xml):
        verdict, error = "invalid", [*INVALID, START % SCHEMAS[kind]]
    elif kind in ONLY_SCHEMA:
        verdict, error = "passed", []
    else:
        verdict, error = judge(connection, kind, xml, validate=False)
    # A volume's flag is refused by upstream's own reader, once the schema has passed.
    if sampled and kind not in ONLY_SCHEMA and kind != "volume":
        really = judge(connection, kind, xml)
        if really[0] != verdict or really[1][:3] != error[:3] or (verdict == "invalid" and not really[1][3].startswith(error[3])):
            verdict = "%s, but with the flag %s" % (verdict, really)
    return verdict, error


def run(uri, documents, first, results):
    """The child's work: all documents from the first one on."""
    connection = libvirt.open(uri)
    schemas = Schemas() if uri.startswith("test:///") else None
    for number, line in enumerate(documents[first:], first):
        document = json.loads(line)
        kind, xml = document["kind"], document["xml"]
        signal.alarm(PATIENCE)
        if schemas is not None:
            verdict, error = judge_upstream(schemas, connection, kind, xml, number % SAMPLE == 0)
        else:
            verdict, error = judge(connection, kind, xml)
            if kind in ONLY_SCHEMA and verdict != "invalid":
                verdict, error = "passed", []
        results.write(json.dumps({"name": document["name"], "verdict": verdict, "error": error}) + "\n")
        results.flush()


if __name__ == "__main__":
    run_documents.main(*sys.argv[1:], kinds=SCHEMAS, work=run)
