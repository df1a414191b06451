#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

client='
import socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[1] + "/ca.pem")
with c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="localhost") as s:
    s.sendall(b"hello\n")
    print(s.makefile().readline(), end="")
'
start_server $programs/tls_server 0 "$here/good.pem" "$here/good.key"
equal "a line in capitals" HELLO "$(python3 -c "$client" "$here" "$port")"
kill -HUP "$server"
equal "a line after a reload" HELLO "$(python3 -c "$client" "$here" "$port")"
kill -TERM "$server"
end_server
