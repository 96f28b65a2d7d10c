"""Opens idle connections, each with one subscription, and says how many were made in a second.

idle_connections.py PORT COUNT: at most 100 connections are being made at a time. When all are
subscribed it prints the rate of connections and waits for the end of its standard input.
"""

import selectors
import socket
import struct
import sys
import time

PORT, COUNT, WINDOW = int(sys.argv[1]), int(sys.argv[2]), 100


def field(text):
    return struct.pack(">H", len(text)) + text.encode()


def packet(first_byte, body):
    assert len(body) < 128
    return bytes([first_byte, len(body)]) + body


def greeting(number):
    connect = packet(0x10, field("MQTT") + b"\x04\x02\x00\x00" + field(f"idle-{number:06d}"))
    subscribe = packet(0x82, b"\x00\x01" + field(f"idle/{number}") + b"\x00")
    return connect + subscribe


EXPECTED = 4 + 5  # CONNACK and SUBACK
selector = selectors.DefaultSelector()
sockets, received = [], {}
started, subscribed = 0, 0
begin = time.monotonic()
while subscribed < COUNT:
    while started < COUNT and started - subscribed < WINDOW:
        peer = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        peer.sendall(greeting(started))
        sockets.append(peer)
        received[peer] = b""
        selector.register(peer, selectors.EVENT_READ)
        started += 1
    ready = selector.select(30)
    if not ready:
        sys.exit(f"stuck: {subscribed} of {COUNT} are subscribed")
    for key, _ in ready:
        data = key.fileobj.recv(64)
        if not data:
            sys.exit(f"closed by the broker: {subscribed} of {COUNT} are subscribed")
        received[key.fileobj] += data
        if len(received[key.fileobj]) == EXPECTED:
            subscribed += 1
            selector.unregister(key.fileobj)
print(f"{COUNT / (time.monotonic() - begin):.0f}", flush=True)
sys.stdin.read()
