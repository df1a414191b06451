"""A listener that has no room for one more connection and takes none: who connects to it is not answered.
Its argument is the address. Says its port, and goes on until it is killed."""

import signal
import socket
import sys

listener = socket.socket()
listener.bind((sys.argv[1], 0))
listener.listen(0)
clients = [socket.socket() for _ in range(8)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
print("port", listener.getsockname()[1], flush=True)
signal.pause()
