"""Publishes a retained message to each of many topics at QoS 1 and waits for the acknowledgements.

retain.py PORT COUNT
"""

import socket
import sys

PORT, COUNT, CHUNK = int(sys.argv[1]), int(sys.argv[2]), 1000


def publish(number):
    topic = f"retained/{number}".encode()
    body = len(topic).to_bytes(2, "big") + topic + (number % CHUNK + 1).to_bytes(2, "big") + b"x" * 64
    assert len(body) < 128
    return bytes([0x33, len(body)]) + body


peer = socket.create_connection(("127.0.0.1", PORT), timeout=30)
peer.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04fill")
stream = peer.makefile("rb")
assert stream.read(4) == b"\x20\x02\x00\x00"
for first in range(0, COUNT, CHUNK):
    numbers = range(first, min(first + CHUNK, COUNT))
    peer.sendall(b"".join(publish(n) for n in numbers))
    stream.read(4 * len(numbers))
