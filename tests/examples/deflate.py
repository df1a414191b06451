"""A server for one client, raw deflate both ways: it answers all that it gets, in capitals. With an argument it
leaves the last octets of the answer away."""

import socket
import sys
import zlib

listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
client, _ = listener.accept()
inflater, deflater = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)
text, wire = b"", 0
while not inflater.eof:
    piece = client.recv(4096)
    if not piece:
        sys.exit("end of file within compressed data")
    wire += len(piece)
    text += inflater.decompress(piece)
print(len(text), "octets came as", wire, file=sys.stderr)
answer = deflater.compress(text.upper()) + deflater.flush()
client.sendall(answer[:-3] if len(sys.argv) > 1 else answer)
client.close()
