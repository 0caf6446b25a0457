"""Makes the same calls to two servers and tells where they differ: compare_calls.py UPSTREAM OURS HOST FOLDER RESULTS SEED FIRST COUNT

UPSTREAM and OURS are URIs of test:///default; every other sequence goes to the host that the file HOST describes. Sequences FIRST to
FIRST + COUNT - 1 of SEED are run, each on fresh state. A sequence is made while it runs, from what upstream has answered so far, and each call goes to
both servers before the next one is made; after a call that may change something the events that came are compared as well, and at intervals all that
the servers tell of themselves. A sequence ends where their states part. RESULTS gets one JSON object a line for each difference, and for each sequence
one that counts its calls. The status is 3 when a server went away; the last line then says which, and in which sequence. With LIBVIRTD_CALLS_TRACE set,
each call is printed before it is made.
"""
import json
import os
import random
import sys

import interop
from call_sides import KIND_OF, Broken, Side, name_of, order
from call_state import state
from call_table import CALLS, KINDS, is_beyond
from call_values import ForSide

LENGTH = 40  # calls of a sequence
INTERVAL = 10  # calls between two looks at the whole state
MOST_OF_A_KIND = 12
NO_SUPPORT = 3
NEAR = 1e-7  # how far numbers that go with the time may be apart


class Pair:
    """The same object on both servers."""

    def __init__(self, kind, upstream, ours):
        self.kind, self.things = kind, {"upstream": upstream, "ours": ours}
        self.name = name_of(upstream)

    def of(self, side):
        return self.things[side.name]

    def __repr__(self):
        return f"{self.kind} {self.name}"


class World:
    """The objects that a sequence has met."""

    def __init__(self):
        self.known = {kind: [] for kind in KINDS}
        self.callbacks = {kind: [] for kind in ("domain", "network", "storagePool", "nodeDevice")}

    def pick(self, rng, kind):
        """One of them, a recent one rather than an old one; None when there is none."""
        known = self.known[kind]
        return known[max(rng.randrange(len(known)), rng.randrange(len(known)))] if known else None

    def meet(self, rng, upstream, ours):
        """Takes in the objects of two answers."""
        if isinstance(upstream, (list, tuple)) and isinstance(ours, (list, tuple)):
            for one, other in zip(upstream, ours):
                self.meet(rng, one, other)
            return
        kind = KIND_OF.get(type(upstream))
        if kind is None or type(ours) is not type(upstream) or kind == "pool" and upstream.name() == "barrier":
            return
        known = self.known[kind]
        if len(known) >= MOST_OF_A_KIND:
            del known[rng.randrange(len(known))]
        known.append(Pair(kind, upstream, ours))


class Sequence:
    """One sequence of calls on fresh state of both servers."""

    def __init__(self, number, seed, sides, write):
        self.number, self.sides, self.write = number, sides, write
        self.rng, self.world = random.Random(f"{seed}-{number}"), World()
        self.connection = Pair.__new__(Pair)
        self.connection.kind, self.connection.name = "connect", "connection"
        self.connection.things = {side.name: side.connection for side in sides}
        self.counts, self.at, self.last, self.is_renamed = {}, 0, "nothing", False
        # Each sequence goes deep somewhere: into two kinds of objects and a few methods.
        deep = self.rng.sample(list(KINDS), 2)
        self.kinds = {kind: weight * (4 if kind in deep else 1) for kind, weight in KINDS.items()}
        favourites = {kind: self.rng.sample(calls, min(len(calls), 4)) for kind, calls in CALLS.items()}
        self.weights = {kind: [call.weight * (8 if call in favourites[kind] else 1) for call in calls] for kind, calls in CALLS.items()}

    def run(self):
        for listing in ("listAllDomains", "listAllNetworks", "listAllStoragePools", "listAllInterfaces", "listAllDevices"):
            self.world.meet(self.rng, *(order(getattr(side.connection, listing)()) for side in self.sides))
        for self.at in range(1, LENGTH + 1):
            same_state = self.step()
            if not same_state or self.at % INTERVAL == 0 and not self.same_state("interval"):
                break
        return {"sequence": self.number, "calls": self.at, "counts": self.counts}

    def draw(self):
        """A call, the object that it goes to, and its arguments."""
        while True:
            kind = self.rng.choices(list(self.kinds), list(self.kinds.values()))[0]
            thing = self.connection if kind == "connect" else self.world.pick(self.rng, kind)
            if thing is None:
                continue
            call = self.rng.choices(CALLS[kind], self.weights[kind])[0]
            if call.method == "revertToSnapshot" and self.is_renamed:
                continue  # ours keeps the new name; upstream's domain gets the old one back, which no look-up finds
            arguments = call.draw(self.rng, self.world)
            return kind, call, thing, arguments

    def step(self):
        """Makes one call on both; false when the servers' states part there."""
        kind, call, thing, arguments = self.draw()
        name = f"{kind}.{call.method}"
        self.last = f"{thing!r}: {call.method}({', '.join(map(repr, arguments))})"
        trace(f"{self.number}/{self.at} {self.last}")
        upstream, ours = self.sides
        # What upstream refuses altogether is not compared, and ours must not change by it.
        outcome, value = upstream.attempt(lambda: call.make(thing.of(upstream), *resolved(arguments, upstream)))
        if outcome[:2] == ["error", NO_SUPPORT] or is_beyond(name, arguments):
            self.count(name, "beyond")
            return True
        outcome2, value2 = ours.attempt(lambda: call.make(thing.of(ours), *resolved(arguments, ours)))
        same = outcome == outcome2 or call.clock and near(outcome, outcome2)
        if same and outcome[0] == "result":
            self.world.meet(self.rng, value, value2)
            if call.method.endswith("EventRegisterAny"):
                self.world.callbacks[call.method.removesuffix("EventRegisterAny")].append(value)
            self.is_renamed |= call.method == "rename"
        events = [[], []]
        if not call.reads:
            for side in self.sides:
                side.ask_for_events()
            events = [side.all_events() for side in self.sides]
        same_events = events[0] == events[1]
        self.count(name, "result" if outcome[0] == "result" else "error" if outcome[0] == "error" else "binding", same and same_events)
        if not same:
            self.tell(name, kind_of_difference(outcome, outcome2), outcome, outcome2)
        if not same_events:
            self.tell(name, "events", *events)
        return (same and same_events) or self.same_state(name)

    def same_state(self, name):
        states = [state(side) for side in self.sides]
        if states[0] == states[1]:
            return True
        keys = sorted(set(states[0]) | set(states[1]))
        for key in keys:
            one, other = states[0].get(key, "nothing"), states[1].get(key, "nothing")
            if one != other:
                parts = [part for part in one if one[part] != other.get(part)] if isinstance(one, dict) and isinstance(other, dict) else []
                self.tell("state", f"{key.split()[0]} {parts[0] if parts else 'itself'}", {part: one[part] for part in parts} or one,
                          {part: other.get(part) for part in parts} or other, after=name, what=key)
        self.count("state", "result", False)
        return False

    def count(self, name, what, same=True):
        counts = self.counts.setdefault(name, {"result": 0, "error": 0, "binding": 0, "beyond": 0, "different": 0})
        counts[what] += 1
        counts["different"] += not same

    def tell(self, name, kind, upstream, ours, **more):
        self.write({"sequence": self.number, "at": self.at, "call": name, "kind": kind, "last": self.last, "upstream": upstream, "ours": ours, **more})


def resolved(arguments, side):
    def one(argument):
        if isinstance(argument, ForSide):
            return argument.make(side)
        if isinstance(argument, Pair):
            return argument.of(side)
        return [one(part) for part in argument] if isinstance(argument, list) else argument

    return [one(argument) for argument in arguments]


def near(one, other):
    """Whether two answers are alike but for numbers that go with the time."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)) and not isinstance(one, bool):
        return one == other or one > 10**9 and abs(one - other) <= NEAR * one
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(near(one[key], other[key]) for key in one)
    return one == other


FIELDS = ("what it is", "code", "domain", "level", "message", "str1", "str2", "str3", "int1", "int2")


def kind_of_difference(upstream, ours):
    if upstream[0] != ours[0]:
        return f"{upstream[0]}, not {ours[0]}"
    if upstream[0] != "error":
        return upstream[0]
    return ", ".join(field for field, one, other in zip(FIELDS, upstream, ours) if one != other)


def saved(text):
    """The file of a saved domain."""
    return b"TestGuestMagic\0" + len(text).to_bytes(4, "little") + text.encode()


FILES = {"garbage": b"not a saved domain", "saved": saved(
    "<domain type='test'><name>vm3</name><memory>4096</memory><os><type>hvm</type></os><devices><interface type='bridge'><mac address='52:54:00:00:00:01'/>"
    "<source bridge='br0'/></interface></devices></domain>")}


def trace(line):
    if "LIBVIRTD_CALLS_TRACE" in os.environ:
        interop.say(line)


def main(upstream_uri, our_uri, host, folder, results, seed, first, count):
    interop.start_event_loop()
    sides = []
    for name, uri in (("upstream", upstream_uri), ("ours", our_uri)):
        own = os.path.join(folder, name)
        os.makedirs(os.path.join(own, "folder"), exist_ok=True)
        sides.append(Side(name, uri, own))
    uris = {side.name: (side.uri, side.uri.replace("/default", os.path.abspath(host))) for side in sides}
    with open(results, "a", encoding="utf-8") as target:
        def write(line):
            target.write(json.dumps(line) + "\n")
            target.flush()

        for number in range(int(first), int(first) + int(count)):
            sequence = None
            try:
                for side in sides:
                    side.open(uris[side.name][number % 2], FILES)
                sequence = Sequence(number, seed, sides, write)
                write(sequence.run())
            except Broken as broken:
                write({"sequence": number, "broken": str(broken), "last": sequence.last if sequence else "open"})
                sys.stdout.flush()
                os._exit(3)
            finally:
                sequence = None
                for side in sides:
                    side.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
