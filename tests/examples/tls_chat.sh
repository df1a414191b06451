#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

start_server $programs/tls_chat 0 "$here/good.pem" "$here/good.key" 6 2>"$here/errors"
python3 tests/examples/tls_chat.py "$here" "$port"
end_server
equal "a client without TLS, and one that has not said its end" "1 1" \
    "$(grep -c 'peer does not speak TLS' "$here/errors") $(grep -c "without TLS's end" "$here/errors")"
