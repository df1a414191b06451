#!/bin/sh
. tests/examples/common.sh
need python3

start_server python3 tests/examples/one_shot.py '>220 hello\r\n' '<10' '>220 ready\r\n' '<5' '>hi'
equal "a server that waits" "shook hands" "$($programs/starttls 127.0.0.1 "$port")"
end_server

start_server python3 tests/examples/one_shot.py '>220 hello\r\n' '<10' '>220 ready\r\n250 injected\r\n'
equal "an answer that was injected" "starttls: upgrade of 127.0.0.1 port $port: the peer sent 14 octets before the upgrade" \
    "$($programs/starttls 127.0.0.1 "$port" 2>&1)"
end_server
