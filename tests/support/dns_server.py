"""A name server with a few names, for tests in a network of their own.

Usage: dns_server.py READY NAME=VALUE...: VALUE is an address for A, or PRIORITY,WEIGHT,PORT,HOST for
SRV, or "silent" for a name that is not answered. Of all other names there are none. Creates the file READY once it listens on port 53.
"""
import socket
import struct
import sys

TYPE_A, TYPE_SRV = 1, 33


def encoded(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def question(message):
    """The name that is asked for, its type, and where the question ends."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), struct.unpack_from(">H", message, at + 1)[0], at + 5


def record(kind, value):
    if kind == TYPE_A:
        data = socket.inet_aton(value)
    else:
        priority, weight, port, host = value.split(",")
        data = struct.pack(">HHH", int(priority), int(weight), int(port)) + encoded(host)
    return struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(data)) + data


def main():
    ready, entries = sys.argv[1], [entry.split("=") for entry in sys.argv[2:]]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    open(ready, "w").close()
    while True:
        message, peer = server.recvfrom(4096)
        name, kind, end = question(message)
        values = [value for known, value in entries if known == name]
        if "silent" in values:
            continue
        answers = []
        if kind in (TYPE_A, TYPE_SRV):
            answers = [record(kind, v) for v in values if (kind == TYPE_SRV) == ("," in v)]
        flags = 0x8180 if values else 0x8183  # an answer, or NXDOMAIN
        header = message[:2] + struct.pack(">HHHHH", flags, 1, len(answers), 0, 0)
        server.sendto(header + message[12:end] + b"".join(answers), peer)


main()
