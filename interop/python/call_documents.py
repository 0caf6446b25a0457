"""Documents for calls: small, with names that meet again within a sequence, and wrong in some way once in a while."""
import libvirt

from call_values import CHECKPOINTS, DOMAINS, INTERFACES, NETWORKS, NAME_EDGES, POOLS, SNAPSHOTS, VOLUMES, ForSide, uuid

BROKEN = ("", " ", "nonsense", "<", "<domain/>", "<network/>", "<pool/>", "<volume/>", "<interface/>", "<device/>", "<domainsnapshot", "<x><name>a</name></x>",
          "<domainsnapshot><name/></domainsnapshot>", "<domaincheckpoint><disks/></domaincheckpoint>", "\u00e4", "<a>&b;</a>", "<a b='1' b='2'/>")


def document(make):
    """What make(rng) writes; broken once in a while."""
    return lambda rng, world: rng.choice(BROKEN) if rng.random() < 0.08 else make(rng)


def some(rng, chance, text):
    return text if rng.random() < chance else ""


def a_name(rng, known):
    return rng.choice([name for name in NAME_EDGES if "<" not in name]) if rng.random() < 0.05 else rng.choice(known)


def a_uuid(rng, name, known):
    kind = rng.random()
    if kind < 0.5:
        return f"<uuid>{uuid(name)}</uuid>"
    return f"<uuid>{uuid(rng.choice(known))}</uuid>" if kind < 0.6 else ""


@document
def domain(rng):
    name = a_name(rng, DOMAINS[:4])
    memory = rng.choice((1024, 65536, 1048576, 4194304))
    vcpus = rng.choice((1, 2, 4, 8, 16, 32, 33))
    actions = "".join(some(rng, 0.15, f"<{event}>{rng.choice(values)}</{event}>") for event, values in (
        ("on_poweroff", ("destroy", "restart", "preserve", "rename-restart")), ("on_reboot", ("destroy", "restart", "preserve")),
        ("on_crash", ("destroy", "restart", "preserve", "coredump-destroy"))))
    return (f"<domain type='{'test' if rng.random() < 0.95 else 'kvm'}'><name>{name}</name>{a_uuid(rng, name, DOMAINS)}"
            + some(rng, 0.2, "<title>a title</title>") + some(rng, 0.2, "<description>what it is</description>")
            + some(rng, 0.15, "<metadata><my:thing xmlns:my='urn:my'>here</my:thing></metadata>")
            + f"<memory>{memory}</memory>" + some(rng, 0.4, f"<currentMemory>{rng.choice((512, memory // 2, memory, memory * 2))}</currentMemory>")
            + f"<vcpu{some(rng, 0.4, f' current={chr(39)}{rng.choice((1, 2, vcpus))}{chr(39)}')}>{vcpus}</vcpu>"
            + some(rng, 0.4, "<iothreads>2</iothreads><iothreadids><iothread id='1'/><iothread id='4'/></iothreadids>")
            + some(rng, 0.2, "<numatune><memory mode='strict' nodeset='0-1'/></numatune>")
            + some(rng, 0.2, "<cputune><shares>2048</shares><vcpupin vcpu='0' cpuset='0-1'/><emulatorpin cpuset='1'/></cputune>")
            + some(rng, 0.2, "<memtune><hard_limit unit='G'>1</hard_limit><soft_limit unit='M'>128</soft_limit></memtune>")
            + some(rng, 0.2, "<blkiotune><weight>800</weight><device><path>/dev/sda</path><weight>300</weight></device></blkiotune>")
            + some(rng, 0.2, "<perf><event name='cmt' enabled='yes'/><event name='mbmt' enabled='no'/></perf>")
            + "<os><type>hvm</type></os>" + some(rng, 0.1, "<cpu><topology sockets='1' cores='2' threads='1'/></cpu>") + actions + "<devices>"
            + some(rng, 0.7, "<disk type='file' device='disk'><driver name='test' type='qcow2'/><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>")
            + some(rng, 0.4, "<disk type='block' device='disk'><source dev='/dev/sda'/><target dev='vdb' bus='virtio'/>"
                   "<iotune><total_bytes_sec>1000</total_bytes_sec></iotune></disk>")
            + some(rng, 0.2, "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>")
            + some(rng, 0.6, "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><target dev='vnet0'/>"
                   "<bandwidth><inbound average='100' peak='200' burst='300'/></bandwidth></interface>")
            + some(rng, 0.2, "<interface type='bridge'><source bridge='br0'/></interface>")
            + some(rng, 0.3, "<memballoon model='virtio'><stats period='5'/></memballoon>")
            + some(rng, 0.2, "<graphics type='vnc' port='-1'/>") + some(rng, 0.2, "<filesystem type='mount'><source dir='/x'/><target dir='y'/></filesystem>")
            + some(rng, 0.2, "<console type='pty'/>") + "</devices></domain>")


def moment(kind, names, disk):
    def write(rng):
        return (f"<{kind}>" + some(rng, 0.97, f"<name>{a_name(rng, names)}</name>") + some(rng, 0.4, "<description>a moment</description>")
                + some(rng, 0.1, f"<parent><name>{rng.choice(names)}</name></parent>") + some(rng, 0.3, disk(rng)) + f"</{kind}>")
    return document(write)


def a_disk(rng):
    """Nothing external: upstream's driver takes that and does nothing, ours puts overlays on the disks."""
    memory = some(rng, 0.3, rng.choice(("<memory snapshot='no'/>", "<memory snapshot='internal'/>", "<memory snapshot='odd'/>")))
    place = rng.choice((" snapshot='no'", " snapshot='internal'", " snapshot='manual'", " snapshot='odd'"))
    source = some(rng, 0.3, "<source file='/o.img'/>")
    return memory + f"<disks><disk name='{rng.choice(('vda', 'vdb', 'vdz', '/a.img'))}'{place}>{source}</disk></disks>"


def a_bitmap(rng):
    kind = rng.choice(("", " checkpoint='no'", " checkpoint='bitmap'", " checkpoint='bitmap' bitmap='b'", " checkpoint='odd'", " bitmap='b'"))
    return f"<disks><disk name='{rng.choice(('vda', 'vdb', 'vdz', '/a.img'))}'{kind}/></disks>"


snapshot = moment("domainsnapshot", SNAPSHOTS[:3], a_disk)
checkpoint = moment("domaincheckpoint", CHECKPOINTS, a_bitmap)


def again(kind, names, otherwise, flags=0):
    """The document of a moment that is there, as a client gives it back with REDEFINE: as it was, or with something changed."""
    def make(rng, world):
        pair = world.pick(rng, kind)
        if pair is None or rng.random() < 0.3:
            return otherwise(rng, world)
        change = rng.choice((None, None, ("<name>", "<name>x"), ("<state>", "<state>paused"), ("<state>running", "<state>shutoff"),
                             ("<description>", "<description>new "), ("<uuid>0", "<uuid>1"),
                             ("<parent>\n    <name>", "<parent>\n    <name>x"),
                             ("<name>", "<!--"), ("<creationTime>", "<creationTime>9"),
                             *[(f"<name>{one}</name>", f"<name>{other}</name>") for one in names for other in names]))

        def text(side):
            try:
                xml = pair.of(side).getXMLDesc(flags)
            except libvirt.libvirtError:
                return f"<domain{kind}><name>{names[0]}</name></domain{kind}>"
            return xml.replace(*change, 1) if change else xml

        return ForSide(f"document of {pair!r}{' with ' + repr(change) if change else ''}", text)
    return make


def own_document(kind, flags=0):
    """The document that an object has now, as `virsh edit` gives it back; it may be changed in a way that makes a difference."""
    def make(rng, world):
        pair = world.pick(rng, kind)
        if pair is None:
            return "<domain/>"
        change = rng.choice((None, None, ("<vcpu", "<title>t</title><vcpu"), ("<name>", "<name>x"), ("<uuid>6", "<uuid>7"),
                             ("</devices>", "<watchdog model='i6300esb'/></devices>"),
                             ("<mac ", "<mtu size='1400'/><mac "), ("</capacity>", "0</capacity>")))

        def text(side):
            try:
                xml = pair.of(side).XMLDesc(flags)
            except libvirt.libvirtError:
                return "<domain/>"
            return xml.replace(*change, 1) if change else xml

        return ForSide(f"document of {pair!r}{' with ' + repr(change) if change else ''}", text)
    return make


@document
def network(rng):
    name = a_name(rng, NETWORKS[:3])
    return (f"<network><name>{name}</name>{a_uuid(rng, name, NETWORKS)}"
            + some(rng, 0.7, f"<bridge name='{rng.choice(('virbr0', 'virbr1', 'br-%s' % name[:9]))}'/>")
            + some(rng, 0.5, rng.choice(("<forward/>", "<forward mode='route'/>", "<forward mode='bridge'/>", "<forward mode='open'/>")))
            + some(rng, 0.3, "<mac address='52:54:00:11:22:33'/>") + some(rng, 0.3, "<bandwidth><inbound average='100'/></bandwidth>")
            + some(rng, 0.3, "<dns><host ip='10.1.0.9'><hostname>h</hostname></host></dns>")
            + some(rng, 0.7, "<ip address='10.1.0.1' netmask='255.255.255.0'><dhcp><range start='10.1.0.100' end='10.1.0.200'/>"
                   "<host mac='00:16:3e:77:e2:ed' name='a' ip='10.1.0.10'/></dhcp></ip>") + some(rng, 0.2, "<portgroup name='p'/>") + "</network>")


def network_part(rng, world):
    return rng.choice(("<host mac='00:16:3e:77:e2:ee' name='b' ip='10.1.0.11'/>", "<host mac='00:16:3e:77:e2:ed' name='a' ip='10.1.0.10'/>",
                       "<range start='10.1.0.20' end='10.1.0.30'/>", "<range start='10.1.0.100' end='10.1.0.200'/>",
                       "<interface dev='eth1'/>", "<portgroup name='q'/>",
                       "<portgroup name='p'/>", "<host ip='10.1.0.9'><hostname>h</hostname></host>", "<txt name='n' value='v'/>",
                       "<srv service='s' protocol='tcp'/>", "<bridge name='x'/>", "<host/>", *BROKEN[:4]))


FITTING = (
    (4, "<host mac='00:16:3e:77:e2:ee' name='b' ip='%s.11'/>"), (4, "<host mac='00:16:3e:77:e2:ed' ip='%s.12'/>"),
    (4, "<host mac='00:16:3e:77:e2:ed' name='a' ip='%s.10'/>"),
    (5, "<range start='%s.20' end='%s.30'/>"), (5, "<range start='%s.100' end='%s.200'/>"), (7, "<interface dev='eth1'/>"), (7, "<interface dev='eth2'/>"),
    (9, "<portgroup name='q'/>"), (9, "<portgroup name='p' default='yes'/>"), (10, "<host ip='%s.9'><hostname>h</hostname></host>"),
    (10, "<host ip='%s.8'><hostname>g</hostname></host>"),
    (11, "<txt name='n' value='v'/>"), (11, "<txt name='m' value='w'/>"), (12, "<srv service='s' protocol='tcp'/>"),
    (12, "<srv service='s' protocol='udp' domain='d' target='t' port='5' priority='1' weight='2'/>"))


def network_update(rng, world):
    """All that an update says, fitting together: command, section, parent, document and flags."""
    section, part = rng.choice(FITTING)
    command, parent, bits = rng.choice((1, 2, 2, 3, 3, 3, 4)), rng.choice((-1, -1, -1, 0)), rng.choice((0, 0, 1, 2, 3))
    return [command, section, parent, part.replace("%s", rng.choice(("10.1.0", "192.168.122"))), bits]


@document
def pool(rng):
    name = a_name(rng, POOLS[:3])
    kind = rng.choice(("dir", "dir", "dir", "fs", "netfs", "logical", "disk", "iscsi", "scsi", "mpath", "rbd", "sheepdog", "gluster", "zfs", "odd"))
    source = {"fs": "<source><device path='/dev/sdb1'/></source>", "disk": "<source><device path='/dev/sdb'/></source>",
              "rbd": "<source><name>r</name><host name='h'/></source>",
              "netfs": "<source><host name='h'/><dir path='/x'/></source>", "logical": "<source><device path='/dev/sdb1'/><name>vg</name></source>",
              "iscsi": "<source><host name='h'/><device path='iqn.x'/></source>", "zfs": "<source><name>z</name></source>",
              "sheepdog": "<source><name>s</name><host name='h'/></source>",
              "scsi": rng.choice(("<source><adapter name='scsi_host1'/></source>",
                                  "<source><adapter type='fc_host' parent='scsi_host2' wwnn='2000000012341234' wwpn='1000000012341234'/></source>")),
              "gluster": "<source><host name='h'/><dir path='/'/><name>g</name></source>"}.get(kind, "")
    return (f"<pool type='{kind}'><name>{name}</name>{a_uuid(rng, name, POOLS)}{some(rng, 0.95, source)}"
            + some(rng, 0.9, f"<target><path>/{rng.choice(('p', 'q', 'r', name.strip()))}</path></target>") + "</pool>")


@document
def volume(rng):
    return (f"<volume>{some(rng, 0.95, '<name>' + a_name(rng, VOLUMES[:3]) + '</name>')}{some(rng, 0.1, '<key>/k</key>')}"
            + some(rng, 0.95, f"<capacity{some(rng, 0.3, ' unit=%sM%s' % (chr(39), chr(39)))}>{rng.choice((0, 1, 1024, 10**6, 10**11, 2**62, -1))}</capacity>")
            + some(rng, 0.5, f"<allocation>{rng.choice((0, 1024, 10**6, 2**63))}</allocation>")
            + some(rng, 0.4, "<target>" + some(rng, 0.3, "<path>/elsewhere</path>") + f"<format type='{rng.choice(('raw', 'qcow2', 'odd'))}'/></target>")
            + "</volume>")


@document
def interface(rng):
    name = a_name(rng, INTERFACES)
    kind = rng.choice(("ethernet", "ethernet", "ethernet", "bridge", "vlan", "bond", "odd"))
    parts = {"bridge": "<bridge stp='off'><interface type='ethernet' name='eth9'/></bridge>", "vlan": "<vlan tag='4'><interface name='eth9'/></vlan>",
             "bond": "<bond><interface type='ethernet' name='eth9'/></bond>"}.get(
                 kind, f"<mac address='aa:bb:cc:dd:ee:{rng.choice(('00', '01', 'ff', 'FF'))}'/>")
    return (f"<interface type='{kind}' name='{name}'>" + some(rng, 0.9, f"<start mode='{rng.choice(('none', 'onboot', 'hotplug'))}'/>")
            + parts + some(rng, 0.3, "<mtu size='1492'/>") + "</interface>")


@document
def node_device(rng):
    wwns = some(rng, 0.85, "<wwnn>2000000012341234</wwnn><wwpn>%s</wwpn>" % rng.choice(("1000000012341234", "1000000012341235", "nonsense")))
    parent = rng.choice(("scsi_host1", "scsi_host2", "scsi_host2", "scsi_host2", "computer", "nope"))
    kind = rng.choice(("scsi_host", "scsi_host", "scsi_host", "scsi_host", "system", "odd"))
    return (f"<device>{some(rng, 0.1, '<name>mine</name>')}" + some(rng, 0.9, f"<parent>{parent}</parent>")
            + f"<capability type='{kind}'><capability type='fc_host'>{wwns}</capability></capability></device>")


def device(rng, world):
    return rng.choice(("<disk type='file' device='disk'><source file='/n.img'/><target dev='vdc' bus='virtio'/></disk>",
                       "<input type='tablet' bus='usb'/>", *BROKEN[:6]))


def processor(rng, world):
    return rng.choice(("<cpu mode='custom'><model>qemu64</model></cpu>", "<cpu><arch>x86_64</arch><model>Haswell</model></cpu>",
                       "<cpu><arch>x86_64</arch><model>Skylake-Client</model><vendor>Intel</vendor></cpu>",
                       "<cpu><arch>x86_64</arch><model>odd</model></cpu>", *BROKEN[:5]))


def processors(rng, world):
    return [processor(rng, world) for _ in range(rng.randint(0, 3))]


def stream_of(side):
    return side.connection.newStream(0)
