"""A web server over TLS for two requests, with good.pem of the directory given; of the second it sends half."""

import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/good.pem", f"{sys.argv[1]}/good.key")
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
for is_whole in (True, False):
    client = context.wrap_socket(listener.accept()[0], server_side=True)
    request = b""
    while b"\r\n\r\n" not in request:
        request += client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\na document\n")
    if is_whole:
        client.unwrap().close()
    else:
        socket.socket(fileno=client.detach()).close()  # without close_notify
