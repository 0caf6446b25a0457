"""Makes the documents that both servers are given, and writes them to a file as one JSON object a line: name, kind, xml.

    make_documents.py install OPTIONS TARGET   what virt-install and virt-xml make of each line of a list of options
    make_documents.py examples FOLDER TARGET   every document in the HTML pages of libvirt-doc, parts of domains put into a whole one
    make_documents.py mutants FOLDER TARGET    the seed documents, and each with one attribute, text or element wrong, missing or doubled

The tools are loaded once and run in a forked child for each line: most of what a run of them costs is loading.
"""
import glob
import html
import json
import multiprocessing
import os
import random
import re
import shlex
import sys
import xml.dom.minidom
import xml.parsers.expat

TOOLS = "/usr/share/virt-manager"
CONNECTION = ["--connect", "test:///default"]
INSTALL = ["virt-install", *CONNECTION, "--print-xml", "1", "--dry-run", "--noautoconsole", "--osinfo", "detect=off,require=off"]
DOMAIN = "<domain type='test'>\n<name>document</name>\n<memory>1048576</memory>\n<os><type>hvm</type></os>\n%s\n</domain>\n"
DEVICES = ("disk controller lease filesystem interface smartcard serial parallel console channel input tpm graphics sound audio video hostdev redirdev "
           "redirfilter hub watchdog memballoon rng nvram panic shmem memory iommu vsock crypto pstore").split()
# What may stand in a domain beside its devices; "memory" is taken for the device, since the examples mean that.
PARTS = ("genid title description metadata blkiotune memtune memoryBacking vcpu vcpus iothreads iothreadids cputune numatune resource sysinfo idmap "
         "features cpu clock pm perf seclabel keywrap launchSecurity throttlegroups devices").split()
KINDS = {"domain": "domain", "network": "network", "pool": "pool", "volume": "volume", "domainsnapshot": "snapshot",
         "domaincheckpoint": "checkpoint", "domainbackup": "backup", "device": "nodedev", "secret": "secret", "filter": "nwfilter",
         "filterbinding": "binding", "networkport": "networkport"}


def put(name, kind, text):
    print(json.dumps({"name": name, "kind": kind, "xml": text}), file=TARGET)


def whole(element):
    """A domain around a part of one."""
    if element.nodeName in DEVICES:
        return DOMAIN % ("<devices>\n%s\n</devices>" % element.toxml())
    if element.nodeName in PARTS:
        return DOMAIN % element.toxml()
    if element.nodeName == "os":
        return DOMAIN.replace("<os><type>hvm</type></os>", element.toxml()) % ""
    return None


# --- virt-install and virt-xml

def run_tool(line):
    """What a tool prints for a line of options; runs in a child that ends afterwards."""
    sys.path.insert(0, TOOLS)
    from virtinst import virtinstall, virtxml
    tool, *options = shlex.split(line)
    if tool == "install":
        defaults = ["--name", "document"]
        if not any(option in options for option in ("--disk", "--filesystem")):
            defaults += ["--disk", "none"]
        if not any(option in options for option in ("--cdrom", "--pxe", "--install", "--location")):
            defaults += ["--import"]
        if "--memory" not in options:
            defaults += ["--memory", "1024"]
        sys.argv, main = INSTALL + defaults + options, virtinstall.main
    else:
        sys.argv, main = ["virt-xml", *CONNECTION, "--build-xml", *options], virtxml.main
    random.seed(1)
    main()


def captured(line):
    """Forks, and returns the exit status and the output of the tool."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        sys.stdout = sys.stderr = os.fdopen(1, "w", encoding="utf-8")
        status = 0
        try:
            run_tool(line)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException as error:  # pylint: disable=broad-except
            print(repr(error))
            status = 99
        sys.stdout.flush()
        os._exit(status)
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as output:
        text = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def make(line):
    status, text = captured(line)
    if status != 0 or "<" not in text:
        return None, text
    text = text[text.index("<"):].strip()
    if line.startswith("device"):
        text = whole(xml.dom.minidom.parseString(text).documentElement)
    return text, ""


def install(path):
    sys.path.insert(0, TOOLS)
    from virtinst import virtinstall, virtxml  # noqa: F401  loaded here, so that no child has to
    with open(path, encoding="utf-8") as options:
        lines = [line.strip() for line in options if line.strip() and not line.startswith("#")]
    failed = 0
    with multiprocessing.Pool(2) as pool:
        for line, (text, error) in zip(lines, pool.imap(make, lines, 8)):
            if text is None:
                failed = 1
                print("%s: %s" % (line, error.strip()))
            else:
                put(line, "domain", text)
    return failed


# --- libvirt-doc

def parsed(text):
    """The elements at the top of a text; dots that stand for something left out are dropped. Empty for what is no XML even so."""
    text = re.sub(r"^\s*<\?xml.*?\?>", "", text)
    text = re.sub(r"(?m)^\s*\.\.\.\s*$", "", text).replace("...", "")
    try:
        root = xml.dom.minidom.parseString(("<all>%s</all>" % text).encode()).documentElement
    except xml.parsers.expat.ExpatError:
        return []
    return [node for node in root.childNodes if node.nodeType == node.ELEMENT_NODE]


def completed(domain):
    """Examples leave out what every domain must have."""
    document = domain.ownerDocument
    if not domain.getAttribute("type"):
        domain.setAttribute("type", "test")
    names = [node.nodeName for node in domain.childNodes]
    for name, text in (("os", "<os><type>hvm</type></os>"), ("memory", "<memory>1048576</memory>"), ("name", "<name>document</name>")):
        if name not in names:
            domain.insertBefore(document.importNode(xml.dom.minidom.parseString(text).documentElement, True), domain.firstChild)
    return domain.toxml()


def examples(folder):
    for path in sorted(glob.glob(os.path.join(folder, "**/*.html"), recursive=True)):
        with open(path, encoding="utf-8", errors="replace") as page:
            blocks = re.findall(r"<pre[^>]*>(.*?)</pre>", page.read(), re.S)
        for number, block in enumerate(blocks):
            text = html.unescape(re.sub(r"<[^>]+>", "", block)).strip()
            for place, element in enumerate(parsed(text) if "<" in text else []):
                name = "%s#%d.%d" % (os.path.relpath(path, folder), number, place)
                kind = KINDS.get(element.nodeName)
                if kind == "domain":
                    put(name, kind, completed(element))
                elif kind is not None:
                    put(name, kind, element.toxml())
                elif element.nodeName == "interface" and element.getAttribute("name"):
                    put(name, "interface", element.toxml())
                elif (text := whole(element)) is not None:
                    put(name, "domain", text)
    for path in sorted(glob.glob(os.path.join(folder, "../examples/xml/*/*.xml"))):
        with open(path, encoding="utf-8") as example:
            text = example.read()
        roots = parsed(text)
        if roots and roots[0].nodeName in KINDS:
            put(os.path.relpath(path, folder), KINDS[roots[0].nodeName], text)
    return 0


# --- mutants

def bad_values(value):
    """What is put in a value's place; None removes it."""
    yield from ("bogus", "-1", None)
    if re.fullmatch(r"(0x)?[0-9a-fA-F]+", value):
        yield from ("0", "4294967296", "99999999999999999999")


def elements(node):
    yield node
    for child in node.childNodes:
        if child.nodeType == child.ELEMENT_NODE:
            yield from elements(child)


def path_of(node, top):
    names = []
    while node is not top:
        names.insert(0, node.nodeName)
        node = node.parentNode
    return "/".join([top.nodeName, *names])


def mutations(top):
    """Changes the tree in every way in turn, names the way, and undoes it."""
    yield "as it is"
    for node in list(elements(top)):
        path = path_of(node, top)
        for name, value in list(node.attributes.items()):
            for bad in bad_values(value):
                if bad is None:
                    node.removeAttribute(name)
                else:
                    node.setAttribute(name, bad)
                yield "%s@%s=%s" % (path, name, bad)
                node.setAttribute(name, value)
        text = node.firstChild
        if text is not None and text.nodeType == text.TEXT_NODE and text.data.strip():
            value = text.data
            for bad in bad_values(value):
                text.data = bad or ""
                yield "%s=%s" % (path, bad)
            text.data = value
        if node is not top:
            parent, after = node.parentNode, node.nextSibling
            parent.removeChild(node)
            yield "%s removed" % path
            parent.insertBefore(node, after)
            double = parent.insertBefore(node.cloneNode(True), after)
            yield "%s doubled" % path
            parent.removeChild(double)


def mutants(folder):
    for path in sorted(glob.glob(os.path.join(folder, "*.xml"))):
        root = xml.dom.minidom.parse(path).documentElement
        for number, top in enumerate(node for node in root.childNodes if node.nodeType == node.ELEMENT_NODE):
            own = "interface" if top.nodeName == "interface" and top.getAttribute("name") else KINDS.get(top.nodeName)
            for way in mutations(top):
                name = "%s#%d %s" % (os.path.basename(path), number, way)
                put(name, own or "domain", top.toxml() if own else whole(top))
    return 0


if __name__ == "__main__":
    with open(sys.argv[3], "w", encoding="utf-8") as TARGET:
        status = {"install": install, "examples": examples, "mutants": mutants}[sys.argv[1]](sys.argv[2])
    sys.exit(status)
