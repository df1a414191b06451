"""A mail server for one client, which begins TLS when asked to, with good.pem of the directory given."""

import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/good.pem", f"{sys.argv[1]}/good.key")
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
client, _ = listener.accept()
client.sendall(b"220 hello\r\n")
try:
    while True:
        line = b""
        while not line.endswith(b"\n"):
            octet = client.recv(1)
            if not octet:
                sys.exit()
            line += octet
        if line.startswith(b"STARTTLS"):
            client.sendall(b"220 ready\r\n")
            client = context.wrap_socket(client, server_side=True)
        elif line.startswith(b"QUIT"):
            client.sendall(b"221 bye\r\n")
            break
        else:
            client.sendall(b"250-SIZE\r\n250 HELP\r\n")
    client.unwrap().close()
except (ssl.SSLError, ConnectionError):
    pass
