#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

start_server python3 tests/examples/starttls.py "$here"
equal "a mail server" TLSv1.3 "$($programs/starttls localhost "$port" "$here/ca.pem")"
end_server

start_server python3 tests/examples/starttls.py "$here"
equal "a mail server that is not believed" \
    "starttls: handshake of localhost port $port: certificate of localhost is not signed by a known authority (issuer Test CA ca)" \
    "$($programs/starttls localhost "$port" "$here/other.pem" 2>&1)"
end_server

start_server python3 tests/examples/one_shot.py '>220 hello\r\n' '<9' '>250 me\r\n' '<10' '>220 ready\r\n250 injected\r\n'
equal "an answer that was injected" "starttls: push layer of 127.0.0.1 port $port: the peer sent 14 octets before the layer" \
    "$($programs/starttls 127.0.0.1 "$port" 2>&1)"
end_server
