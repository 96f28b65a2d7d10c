#!/usr/bin/python3
"""An MQTT 3.1.1 broker of the kind that does not know QoS 2, as several in use do not.

Usage: old_broker.py PORT_FILE WHAT     WHAT it does about a message of QoS 2:
  puback   answers as to one of QoS 1, as RabbitMQ before 3.13 does
  close    ends the connection, as nats-server before 2.10 does
  ignore   does not answer, as Mosca does; nor does it answer a CONNECT of MQTT 5.0
  trickle  the same as puback; and what it has acknowledged it delivers later, a message every 2 ms
It grants QoS 1 at most, and knows filters without wildcards.
"""
import asyncio
import os
import struct
import sys

subscribers = {}  # filter -> {writer: granted QoS}
later = None  # what is still to be delivered, of a broker that trickles


async def read_packet(reader):
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first >> 4, first & 0x0F, await reader.readexactly(length)


def packet(first, body):
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def text_at(body, at):
    size = struct.unpack_from(">H", body, at)[0]
    return body[at + 2:at + 2 + size], at + 2 + size


def subscribe(writer, body):
    codes, at = b"", 2
    while at < len(body):
        name, at = text_at(body, at)
        granted = min(body[at] & 3, 1)
        subscribers.setdefault(name, {})[writer] = granted
        codes += bytes([granted])
        at += 1
    writer.write(packet(0x90, body[:2] + codes))


def deliver(topic, payload, qos):
    for writer, granted in list(subscribers.get(topic, {}).items()):
        level = min(qos, granted)
        writer.next_id = writer.next_id % 65535 + 1
        identifier = struct.pack(">H", writer.next_id) if level else b""
        head = struct.pack(">H", len(topic)) + topic + identifier
        message = packet(0x30 | level << 1, head + payload)
        if later is None:
            writer.write(message)
        else:
            later.put_nowait((writer, message))


async def trickle():
    while True:
        writer, message = await later.get()
        writer.write(message)
        await asyncio.sleep(0.002)


def publish(writer, flags, body, what):
    qos = flags >> 1 & 3
    topic, at = text_at(body, 0)
    identifier = body[at:at + 2] if qos else b""
    if qos == 2 and what == "close":
        writer.close()
        return
    if qos == 2 and what == "ignore":
        return
    deliver(topic, body[at + len(identifier):], min(qos, 1))
    if qos:
        writer.write(packet(0x40, identifier))


async def serve(reader, writer, what):
    writer.next_id = 0
    try:
        while True:
            kind, flags, body = await read_packet(reader)
            if kind == 1:
                level = body[text_at(body, 0)[1]]
                if level == 4:
                    writer.write(packet(0x20, b"\0\0"))
                elif what != "ignore":
                    writer.close()
            elif kind == 3:
                publish(writer, flags, body, what)
            elif kind == 8:
                subscribe(writer, body)
            elif kind == 10:
                writer.write(packet(0xB0, body[:2]))
            elif kind == 12:
                writer.write(packet(0xD0, b""))
            elif kind == 14:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    for one in subscribers.values():
        one.pop(writer, None)
    writer.close()


async def main(port_file, what):
    global later
    if what == "trickle":
        later = asyncio.Queue()
        trickling = asyncio.create_task(trickle())  # a reference, or it may be collected
    server = await asyncio.start_server(lambda r, w: serve(r, w, what), "127.0.0.1", 0)
    with open(port_file + ".tmp", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".tmp", port_file)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
