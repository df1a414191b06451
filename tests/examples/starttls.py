"""A mail server for one client, which begins TLS when asked to, with good.pem of the directory given: of SMTP, or
with a second argument of IMAP."""

import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/good.pem", f"{sys.argv[1]}/good.key")
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
client, _ = listener.accept()
is_imap = len(sys.argv) > 2
client.sendall(b"* OK hello\r\n" if is_imap else b"220-hello\r\n220 again\r\n")
try:
    while True:
        line = b""
        while not line.endswith(b"\n"):
            octet = client.recv(1)
            if not octet:
                sys.exit()
            line += octet
        tag, command = line.split()[:2] if is_imap else (None, line.split()[0])
        if command == b"STARTTLS":
            client.sendall(tag + b" OK ready\r\n" if is_imap else b"220 ready\r\n")
            client = context.wrap_socket(client, server_side=True)
        elif command in (b"QUIT", b"LOGOUT"):
            client.sendall(b"* BYE\r\n" + tag + b" OK bye\r\n" if is_imap else b"221 bye\r\n")
            break
        elif is_imap:
            client.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK\r\n")
        else:
            client.sendall(b"250-SIZE\r\n250 HELP\r\n")
    client.unwrap().close()
except (ssl.SSLError, ConnectionError):
    pass
