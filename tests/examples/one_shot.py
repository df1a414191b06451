"""A server for one client: says its port, and then of each argument in turn: `>TEXT` it sends, `<N` octets it
awaits and prints as Python does. Backslashes in TEXT are Python's."""

import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
client, _ = listener.accept()
for step in sys.argv[1:]:
    if step[0] == ">":
        client.sendall(step[1:].encode("latin-1").decode("unicode_escape").encode("latin-1"))
    else:
        got = b""
        while len(got) < int(step[1:]):
            piece = client.recv(int(step[1:]) - len(got))
            if not piece:
                sys.exit(f"end of file after {got}")
            got += piece
        print(got, file=sys.stderr)
try:
    while client.recv(4096):
        pass
except ConnectionResetError:  # what could not be written is told so
    pass
