"""Streams to a console and a channel, and a display through descriptors that are passed both ways."""
import socket
import sys

import libvirt

import interop  # noqa: F401 (quiets the library)

XML = """<domain type='test'><name>vm</name><memory>65536</memory><os><type>hvm</type></os><devices>
<console type='pty'/><channel type='unix'><target type='virtio' name='org.example.0'/></channel><graphics type='vnc'/></devices></domain>"""


def read(stream, until):
    text = b""
    while not text.endswith(until):
        piece = stream.recv(1024)
        if not piece:
            return text, True
        text += piece
    return text, False


def receive(end, count):
    data = b""
    while len(data) < count:
        piece = end.recv(count - len(data))
        if not piece:
            raise EOFError(f"{len(data)} of {count} bytes")
        data += piece
    return data


connection = libvirt.open(sys.argv[1])
domain = connection.createXML(XML)

console = connection.newStream(0)
domain.openConsole(None, console, 0)
print("greeting", read(console, b"login: ")[0].decode().split("\r\n")[1])
console.send(b"joe\r")
read(console, b"$ ")
console.send(b"echo hi there\r")
print("shell", read(console, b"$ ")[0].decode().split("\r\n")[1])
try:
    domain.openConsole(None, connection.newStream(0), 0)
except libvirt.libvirtError as error:
    print("busy", error)

channel = connection.newStream(0)
domain.openChannel("org.example.0", channel, 0)
channel.send(b"ping\n")
print("channel", read(channel, b"\n")[0].decode().strip())
channel.abort()

display = socket.socket(fileno=domain.openGraphicsFD(0, 0))
receive(display, 12)
display.sendall(b"RFB 003.008\n")
receive(display, 2)
display.sendall(b"\1")
receive(display, 4)
display.sendall(b"\1")
head = receive(display, 24)
width, height = int.from_bytes(head[0:2], "big"), int.from_bytes(head[2:4], "big")
name = receive(display, int.from_bytes(head[20:24], "big")).decode()
display.sendall(b"\3\0" + bytes(8))
picture = receive(display, 16 + width * height * 4)
print(f"display {width}x{height} {name}, picture of {len(picture)} bytes")

own, other = socket.socketpair()
domain.openGraphics(0, other.fileno(), 0)
other.close()
print("own socket", receive(own, 12).decode().strip())

console.send(b"poweroff\r")
print("off", read(console, b"never")[1], display.recv(1) == b"")
