"""Peers for the recipes of the cookbook: cookbook.py ROLE. Says its port, and serves one client (`pair`: two
ports, of which only the second one answers)."""

import socket
import struct
import sys


def listen():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    return listener


def smtp(f):
    says = []
    f.write(b"220-hello\r\n220 there\r\n")
    f.flush()
    for line in f:
        word = line.split()[0].decode()
        if word == "EHLO":
            f.write(b"250-me\r\n250-8BITMIME\r\n250 OK\r\n")
        elif word == "DATA":
            f.write(b"354 go on\r\n")
            f.flush()
            for line in f:
                if line == b".\r\n":
                    break
                says.append(line)
            f.write(b"250 taken\r\n")
        elif word == "QUIT":
            f.write(b"221 bye\r\n")
            break
        else:
            f.write(b"250 OK\r\n")
        f.flush()
    print(b"".join(says).decode().replace("\r\n", "|"), file=sys.stderr)


def http(f):
    while f.readline() not in (b"\r\n", b""):
        pass
    f.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")


def latin(f):
    line = f.readline()
    print(line, file=sys.stderr)
    f.write(line)


def everything(f):
    f.write(b"%d octets\n" % len(f.read()))


def record(f):
    for octet in struct.pack(">H", 5) + b"hello":
        f.write(bytes([octet]))
        f.flush()


def slow(f):
    import time

    time.sleep(0.3)
    f.write(b"at last\n")


def silent(f):
    f.read()


role = sys.argv[1]
listener = listen()
second = listen() if role == "pair" else None
print("port", listener.getsockname()[1], *([second.getsockname()[1]] if second else []), flush=True)
connections = [listener.accept()[0]] + ([second.accept()[0]] if second else [])
stream = connections[-1].makefile("rwb")
if role == "pair":
    stream.write(b"second\n")
else:
    globals()[role](stream)
stream.close()
for connection in connections:
    connection.close()
