#!/usr/bin/python3
"""A TCP proxy that keeps back what a server says, each connection's by a time of its own.

Usage: delay_proxy.py PORT_FILE SERVER_PORT MILLISECONDS STEP

The first connection's bytes are MILLISECONDS late, those of each further one STEP more, as long as
that is less than a second; after that, and what clients say, goes through at once.
"""
import asyncio
import os
import sys


async def copy(reader, writer, late_s=0.0):
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        if late_s:
            loop.call_later(late_s, writer.write, data)
        else:
            writer.write(data)
    await asyncio.sleep(late_s)
    writer.close()


class Proxy:
    def __init__(self, server_port, first_ms, step_ms):
        self.server_port = int(server_port)
        self.next_ms = float(first_ms)
        self.step_ms = float(step_ms)

    async def serve(self, reader, writer):
        late_s = self.next_ms / 1000 if self.next_ms < 1000 else 0.0
        self.next_ms += self.step_ms
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer, late_s),
                             return_exceptions=True)


async def main(port_file, *args):
    server = await asyncio.start_server(Proxy(*args).serve, "127.0.0.1", 0)
    with open(port_file + ".tmp", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".tmp", port_file)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
