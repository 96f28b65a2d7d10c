"""An HTTP proxy that knows CONNECT alone.

Usage: connect_proxy.py PORT_FILE [USER:PASSWORD]
"""
import base64
import os
import socket
import sys
import threading


def pump(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def serve(client, login):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    line, *headers = head.decode().split("\r\n")
    if login and f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}" not in headers:
        return client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") or client.close()
    host, port = line.split(" ")[1].rsplit(":", 1)
    try:
        server = socket.create_connection((host.strip("[]"), int(port)))
    except OSError:
        return client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n") or client.close()
    client.sendall(b"HTTP/1.1 200 OK\r\nProxy-Agent: test\r\n\r\n")
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    path, login = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    with open(path + ".new", "w") as out:
        out.write(str(listener.getsockname()[1]))
    os.rename(path + ".new", path)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, login), daemon=True).start()


main()
