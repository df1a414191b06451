#!/bin/sh
. tests/examples/common.sh
need python3

seq 1 200000 | sed 's/$/ Octets are many/' >"$here/in"
tr a-z A-Z <"$here/in" >"$here/expected"
start_server python3 tests/examples/deflate.py 2>"$here/count"
$programs/deflate 127.0.0.1 "$port" <"$here/in" >"$here/out"
end_server
cmp "$here/expected" "$here/out"
read -r octets _ _ _ wire <"$here/count"
equal "octets, and a fifth of them at most on the wire" "$(wc -c <"$here/in") yes" \
    "$octets $([ $((wire * 5)) -lt "$octets" ] && echo yes)"

start_server python3 tests/examples/deflate.py cut 2>"$here/count"
equal "an answer that is cut" \
    "deflate: read from 127.0.0.1 port $port: connection ended within compressed data" \
    "$($programs/deflate 127.0.0.1 "$port" <"$here/in" 2>&1 >/dev/null)"
end_server

start_server python3 tests/examples/one_shot.py '>220 hello, in clear\r\n'
equal "a server that does not compress" "deflate: read from 127.0.0.1 port $port: data error" \
    "$($programs/deflate 127.0.0.1 "$port" </dev/null 2>&1)"
end_server
