#!/usr/bin/python3
"""A TCP proxy that cuts every connection, half sent or not, so many milliseconds after it was made.

Usage: cut_proxy.py PORT_FILE SERVER_PORT MILLISECONDS   (0: never; then it swallows what it is sent)
"""
import asyncio
import os
import struct
import socket
import sys


async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def reset(writer):
    """Closes as a machine does that has crashed: with a reset and without what waits."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def serve(reader, writer, server_port, seconds):
    if seconds == 0:
        while await reader.read(65536):
            pass
        return
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
    except OSError:
        return reset(writer)
    copies = [asyncio.create_task(copy(reader, server_writer)),
              asyncio.create_task(copy(server_reader, writer))]
    await asyncio.wait(copies, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in copies:
        task.cancel()
    reset(server_writer)
    reset(writer)


async def main(port_file, server_port, milliseconds):
    server = await asyncio.start_server(
        lambda r, w: serve(r, w, int(server_port), int(milliseconds) / 1000), "127.0.0.1", 0)
    with open(port_file + ".tmp", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".tmp", port_file)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
