"""Values for the arguments of calls: each maker takes the random generator and the world (see compare_calls.py) and gives one value."""
import libvirt

MAX_INT, MAX_UINT, MAX_LONG, MAX_ULONG = 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1


class ForSide:
    """A value that each server has its own of: make(side) gives it. What is written in reports is the text."""

    def __init__(self, text, make):
        self.text, self.make = text, make

    def __repr__(self):
        return self.text


def always(value):
    return lambda rng, world: value


def one_of(*values):
    return lambda rng, world: rng.choice(values)


def mostly(first, *others):
    """The first maker, and one of the others in every fourth case."""
    return lambda rng, world: (first if rng.random() < 0.75 else rng.choice(others))(rng, world)


def flags(*prefixes, without=0):
    """Every flag that a public enum defines, alone and together, and bits that none defines."""
    defined = sorted({value for name, value in vars(libvirt).items() if name.startswith(prefixes) and isinstance(value, int)
                      and value > 0 and value & (value - 1) == 0 and not value & without})

    def make(rng, world):
        kind = rng.random()
        if kind < 0.6 or not defined and kind < 0.85:
            return 0
        if kind < 0.8:
            return rng.choice(defined)
        if kind < 0.9:
            return sum(rng.sample(defined, min(len(defined), rng.choice((2, 2, 3)))))
        if kind < 0.98:
            return 1 << rng.choice([bit for bit in range(32) if not 1 << bit & without])
        return rng.choice((MAX_UINT & ~without, MAX_INT & ~without))

    return make


def number(*usual, most=MAX_INT):
    """Mostly a usual number, else one at an edge: of its type, of a signed one, of zero."""
    edges = [0, 1, -1, -2, 2**31 - 1, 2**31, 2**32 - 1, 2**32] + [most - 1, most, most + 1, -most - 1]
    return lambda rng, world: rng.choice(usual) if rng.random() < 0.7 else rng.choice(edges)


def cpu_map(rng, world):
    return tuple(rng.random() < 0.5 for _ in range(rng.choice((0, 1, 2, 4, 8, 16, 17, 40, 130))))


def parameters(**known):
    """Typed parameters: some of those known, with usual values or odd ones; of the wrong type or unknown once in a while."""
    odd = (0, 1, -1, 2, MAX_INT, MAX_UINT, MAX_LONG, MAX_ULONG, 1.5, "", "text", True, "/dev/sda,200", "0-1")

    def make(rng, world):
        result = {}
        for name in rng.sample(sorted(known), rng.randint(1, min(3, len(known)))):
            result[name] = rng.choice(known[name]) if rng.random() < 0.8 else rng.choice(odd)
        if rng.random() < 0.1:
            result[rng.choice(("unknown", "", "a" * 79, "a" * 80))] = rng.choice(odd)
        return {} if rng.random() < 0.05 else result

    return make


def handle(kind):
    """One of the objects that the sequence has met, whether it is still there or not."""
    return lambda rng, world: world.pick(rng, kind)


def handle_or_none(kind):
    return lambda rng, world: world.pick(rng, kind) if rng.random() < 0.4 else None


def handles(kind):
    return lambda rng, world: [pair for pair in (world.pick(rng, kind) for _ in range(rng.randint(0, 3))) if pair]


def known(kind, otherwise):
    """The name of an object that the sequence has met."""
    def make(rng, world):
        pair = world.pick(rng, kind) if rng.random() < 0.6 else None
        return pair.name if pair else otherwise(rng, world)

    return make


def callback(kind):
    """What registering for events has returned."""
    return lambda rng, world: rng.choice(world.callbacks[kind] if world.callbacks[kind] and rng.random() < 0.7 else (*range(2, 45), MAX_INT, -1))


def file(rng, world):
    """A path in the folder of files; the folders of both servers differ only in a part that is not reported."""
    name = rng.choice(("saved", "saved", "save1", "save1", "save2", "garbage", "missing", "folder", "no/such/file"))
    return ForSide(name, lambda side: side.path(name))


def dump_file(rng, world):
    """A dump is not read again: of a file that is too short, upstream names the system's last error, whatever that was."""
    name = rng.choice(("dump", "dump", "dump", "folder", "no/such/file"))
    return ForSide(name, lambda side: side.path(name))


NAME_EDGES = ("", "unknown", "a/b", "name with blanks", "n\u00e4me", "x" * 300, "nl\n", "-1", ".", "<&>")


def name(*known):
    return lambda rng, world: rng.choice(known) if rng.random() < 0.85 else rng.choice(NAME_EDGES)


DOMAINS = ("test", "vm1", "vm1", "vm2", "vm3", "alpha", "beta", "gamma", "delta")
SNAPSHOTS = ("s1", "s2", "s3", "parent", "child")
CHECKPOINTS = ("c1", "c2", "c3")
NETWORKS = ("default", "net1", "net2", "inner")
POOLS = ("default-pool", "pool1", "pool2", "shelf")
VOLUMES = ("v1", "v2", "v3", "disk-a")
INTERFACES = ("eth1", "eth2", "eth5", "br1")
DEVICES = ("computer", "scsi_host1", "scsi_host2", "scsi_host11", "scsi_host12", "scsi_host13", "test-scsi-host-vport", "root-device")
DISKS = ("vda", "vdb", "/guest/diskimage1", "/a.img")
TARGETS = ("vnet0", "vnet1", "testnet0", "aa:bb:cc:dd:ee:ff", "52:54:00:00:00:01")


def uuid_of(*names):
    """The uuid that documents of these names get, in text; odd texts too."""
    return lambda rng, world: uuid(rng.choice(names)) if rng.random() < 0.8 else rng.choice(
        ("", "nonsense", "6695eb01-f6a4-8304-79aa-97f2502e193f", "6695EB01F6A4830479AA97F2502E193F", "0" * 32, "11111111-2222-3333-4444-55555555555"))


def uuid(text):
    """A made-up uuid, always the same for the same name."""
    known = {"test": "6695eb01-f6a4-8304-79aa-97f2502e193f", "default": "dd8fe884-6c02-601e-7551-cca97df1c5df",
             "default-pool": "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566"}
    return known.get(text) or "0ba1c2d3-00%02x-4000-8000-%012x" % (len(text), sum(ord(letter) * 7**i for i, letter in enumerate(text)) % 2**48)
