"""Brings a copy of a disk up to date: reads what an NBD export's bitmap calls dirty, and nothing else."""
import sys

import nbd

uri, bitmap, path = sys.argv[1:]
CHUNK = 32 << 20

client = nbd.NBD()
client.add_meta_context(bitmap)
client.connect_uri(uri)
size = client.get_size()
ranges = []


def extent(name, offset, entries, error):
    for length, flags in zip(entries[::2], entries[1::2]):
        if name == bitmap and flags & 1:
            ranges.append((offset, length))
        offset += length
    global known
    known = max(known, offset)


known = 0
while known < size:
    client.block_status(min(size - known, 1 << 30), known, extent)

with open(path, "r+b") as copy:
    for start, length in ranges:
        for offset in range(start, start + length, CHUNK):
            copy.seek(offset)
            copy.write(client.pread(min(CHUNK, start + length - offset), offset))

try:
    client.set_strict_mode(0)
    client.pwrite(b"x", 0)
    print("written!")
except nbd.Error as error:
    print("refused", error.errno)
client.shutdown()
