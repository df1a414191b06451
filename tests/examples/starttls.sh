#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

start_server python3 tests/examples/starttls.py "$here" imap
equal "a server of IMAP" TLSv1.3 "$($programs/starttls localhost "$port" "$here/ca.pem")"
end_server

start_server python3 tests/examples/starttls.py "$here"
equal "a server of SMTP" TLSv1.3 "$($programs/starttls localhost "$port" "$here/ca.pem")"
end_server

start_server python3 tests/examples/starttls.py "$here"
equal "a mail server that is not believed" \
    "starttls: handshake of localhost port $port: certificate of localhost is not signed by a known authority (issuer Test CA ca)" \
    "$($programs/starttls localhost "$port" "$here/other.pem" 2>&1)"
end_server

start_server python3 tests/examples/one_shot.py '>220 hello\r\n' '<9' '>250 me\r\n' '<10' '>220 ready\r\n250 injected\r\n' 2>"$here/heard"
equal "an answer that was injected" "starttls: push layer of 127.0.0.1 port $port: the peer sent 14 octets before the layer" \
    "$($programs/starttls 127.0.0.1 "$port" 2>&1)"
end_server

start_server python3 tests/examples/one_shot.py '>* OK hello\r\n' '<14' '>a OK\r\n' '<12' '>b BAD no TLS\r\n' 2>"$here/heard"
equal "a server that does not want to" "starttls: b BAD no TLS" "$($programs/starttls 127.0.0.1 "$port" 2>&1)"
end_server

start_server python3 tests/examples/one_shot.py '>SSH-2.0-OpenSSH\r\n' 2>"$here/heard"
equal "another kind of server" "starttls: this is no mail server" "$($programs/starttls 127.0.0.1 "$port" 2>&1)"
end_server
