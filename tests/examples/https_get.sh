#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

start_server python3 tests/examples/https_server.py "$here"
equal "a document" "a document" "$($programs/https_get localhost "$port" / "$here/ca.pem")"
equal "half a document" \
    "https_get: read from localhost port $port: connection ended without TLS's end: truncated?" \
    "$($programs/https_get localhost "$port" / "$here/ca.pem" 2>&1 >"$here/half")"
equal "the half" "a document" "$(cat "$here/half")"
end_server
