#!/bin/sh
. tests/examples/common.sh

# To a pipe, and to a file, which is always ready.
seq 1 20000 | sed 's/^/line /' >"$here/in"
start_server $programs/echo_server "" 0 2
cat "$here/in" | $programs/pipe_to 127.0.0.1 "$port" | cmp - "$here/in"
$programs/pipe_to 127.0.0.1 "$port" <"$here/in" >"$here/out"
cmp "$here/out" "$here/in"
end_server

equal "nobody there" "pipe_to: connect to 127.0.0.1 port $port: Connection refused" \
    "$($programs/pipe_to 127.0.0.1 "$port" 2>&1 </dev/null || :)"
