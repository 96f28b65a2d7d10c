#!/usr/bin/env python3
"""The other end of SCRAM (RFC 5802), written apart from mqkit's: a client that can misbehave, and a
server that lies.

    scram_peer.py client PORT METHOD USER PASSWORD [FAULT]     prints what the broker answered
    scram_peer.py server PORTFILE METHOD PASSWORD FAULT        one connection; prints what it got
"""
import base64
import hashlib
import hmac
import os
import socket
import sys


def varint(n):
    out = b""
    while True:
        n, digit = divmod(n, 128)
        out += bytes([digit | (128 if n else 0)])
        if not n:
            return out


def field(data):
    return len(data).to_bytes(2, "big") + data


def auth_properties(method, data=None):
    body = b"\x15" + field(method.encode())
    if data is not None:
        body += b"\x16" + field(data.encode())
    return varint(len(body)) + body


def packet(first, body):
    return bytes([first]) + varint(len(body)) + body


def read_exactly(sock, n):
    out = b""
    while len(out) < n:
        more = sock.recv(n - len(out))
        if not more:
            raise EOFError
        out += more
    return out


def read_packet(sock):
    first = read_exactly(sock, 1)[0]
    length = shift = 0
    while True:
        byte = read_exactly(sock, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return first >> 4, read_exactly(sock, length)


def data_in(body):
    """The Authentication Data among properties in which no length is over 127 bytes of varint."""
    at = body.find(b"\x15\x00\x0dSCRAM-SHA-")
    if at < 0:
        return None
    at += 16
    if at >= len(body) or body[at] != 0x16:
        return None
    size = int.from_bytes(body[at + 1:at + 3], "big")
    return body[at + 3:at + 3 + size].decode()


class Hashes:
    def __init__(self, method, password, salt, iterations):
        name = method.replace("SCRAM-SHA-", "sha")
        self.name = name
        salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
        self.client_key = hmac.new(salted, b"Client Key", name).digest()
        self.stored_key = hashlib.new(name, self.client_key).digest()
        self.server_key = hmac.new(salted, b"Server Key", name).digest()

    def proof(self, message):
        signature = hmac.new(self.stored_key, message.encode(), self.name).digest()
        return base64.b64encode(bytes(a ^ b for a, b in zip(self.client_key, signature))).decode()

    def signature(self, message):
        return base64.b64encode(hmac.new(self.server_key, message.encode(), self.name).digest()).decode()


def connect(method, data):
    properties = auth_properties(method, data)
    return packet(0x10, b"\x00\x04MQTT\x05\x02\x00\x00" + properties + b"\x00\x00")


def exchange(sock, method, user, password, fault, first):
    """From the client's first message to the broker's last answer: its type, body and proof."""
    flag = {"y-flag": "y", "binding": "p=tls-unique"}.get(fault, "n")
    nonce = base64.b64encode(os.urandom(18)).decode()
    bare = f"n={user},r={nonce}"
    first(f"{flag},,{bare}")
    kind, body = read_packet(sock)
    if kind != 15:
        return kind, body, None
    challenge = data_in(body)
    attributes = dict(part.split("=", 1) for part in challenge.split(","))
    assert attributes["r"].startswith(nonce) and len(attributes["r"]) > len(nonce)
    hashes = Hashes(method, password, base64.b64decode(attributes["s"]), int(attributes["i"]))
    print("challenge", len(attributes["s"]), attributes["s"] if fault == "show" else "", attributes["i"])
    header = base64.b64encode(b"n,," if fault == "header" else f"{flag},,".encode()).decode()
    said = nonce if fault == "nonce" else attributes["r"]
    final = f"c={header},r={said}"
    message = f"{bare},{challenge},{final}"
    final += f",p={hashes.proof(message)}"
    if fault == "publish":
        sock.sendall(packet(0x30, b"\x00\x01t\x00x"))
    elif fault == "method":
        sock.sendall(packet(0xF0, b"\x18" + auth_properties("OTHER", final)))
    elif fault == "twice":
        sock.sendall(packet(0xF0, b"\x19" + auth_properties(method, final)))
    else:
        sock.sendall(packet(0xF0, b"\x18" + auth_properties(method, final)))
    kind, body = read_packet(sock)
    return kind, body, hashes.signature(message)


def client(port, method, user, password, fault=""):
    sock = socket.create_connection(("127.0.0.1", int(port)), timeout=20)
    kind, body, signature = exchange(sock, method, user, password, fault,
                                     lambda data: sock.sendall(connect(method, data)))
    print("connack" if kind == 2 else f"packet {kind}", f"0x{body[1]:02x}")
    if kind != 2 or body[1] != 0:
        return
    assert data_in(body) == f"v={signature}"
    if not fault.startswith("again"):
        return
    wrong = {"again-wrong": "wrong", "again": password, "again-other": password}[fault]
    user = "other" if fault == "again-other" else user
    kind, body, signature = exchange(
        sock, method, user, wrong, "",
        lambda data: sock.sendall(packet(0xF0, b"\x19" + auth_properties(method, data))))
    print({14: "disconnect", 15: "auth"}.get(kind, kind), f"0x{body[0]:02x}")
    if kind == 15:
        assert data_in(body) == f"v={signature}"
        sock.sendall(b"\xc0\x00")
        print("pingresp" if read_packet(sock)[0] == 13 else "no answer")


def server(port_file, method, password, fault):
    listener = socket.create_server(("127.0.0.1", 0))
    with open(port_file + ".tmp", "w", encoding="ascii") as out:
        print(listener.getsockname()[1], file=out)
    os.rename(port_file + ".tmp", port_file)
    sock, _ = listener.accept()
    sock.settimeout(20)
    _, body = read_packet(sock)
    print("password in CONNECT" if password.encode() in body else "no password in CONNECT")
    first = data_in(body)
    bare = first.split(",", 2)[2]
    nonce = dict(part.split("=", 1) for part in bare.split(","))["r"]
    iterations = 1000 if fault == "iterations" else 4096
    hashes = Hashes(method, "another" if fault == "password" else password, b"salt", iterations)
    if fault != "unasked":
        both = ("x" if fault == "nonce" else "") + nonce + "server"
        challenge = f"r={both},s={base64.b64encode(b'salt').decode()},i={iterations}"
        sock.sendall(packet(0xF0, b"\x18" + auth_properties(method, challenge)))
        kind, body = read_packet(sock)
        if kind != 15:
            print("packet", kind)
            return
        final = data_in(body).rsplit(",p=", 1)
        message = f"{bare},{challenge},{final[0]}"
        if fault == "none":
            assert final[1] == hashes.proof(message)
        data = None if fault == "silent" else f"v={hashes.signature(message)}"
    else:
        data = "v=" + base64.b64encode(b"x" * 32).decode()
    sock.sendall(packet(0x20, b"\x00\x00" + auth_properties(method, data)))
    try:
        kind, body = read_packet(sock)
        print("packet", kind, f"0x{body[0]:02x}" if kind == 14 and body else "")
    except EOFError:
        print("closed")


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
