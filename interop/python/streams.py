"""Volume contents through the library's stream calls: whole, in part, and broken off."""
import sys

import libvirt
from interop import expect_error, say

connection = libvirt.open(sys.argv[1])
pool = connection.storagePoolLookupByName(sys.argv[2])
volume = pool.createXML("<volume><name>streams.raw</name><capacity>1048576</capacity></volume>")
contents = bytes(range(256)) * 4096

stream = connection.newStream()
volume.upload(stream, 0, len(contents))
rest = contents
while rest:
    rest = rest[stream.send(rest[:100000]):]
say("finish", stream.finish())

stream = connection.newStream()
volume.download(stream, 256, 1000)
read = b""
while True:
    part = stream.recv(4096)
    if not part:
        break
    read += part
say("finish", stream.finish())
say("same", read == contents[256:1256])

stream = connection.newStream()
volume.download(stream, 0, 0)
stream.recv(16)
say("abort", stream.abort())
expect_error(lambda: stream.recv(16))
say("alive", connection.isAlive())

volume.delete()
connection.close()
