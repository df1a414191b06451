#!/bin/sh
. tests/examples/common.sh
need python3

start_server python3 tests/examples/one_shot.py '<6' '>HELLO\r\n'
equal "a line and its answer" "HELLO
7 octets in, 6 out" "$($programs/layer_count "127.0.0.1:$port" | tr -d '\r')"
end_server
