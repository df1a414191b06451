#!/bin/sh
. tests/examples/common.sh

# More than all buffers on the way take: nothing moves unless both directions do.
seq 1 3000000 | awk '{ printf "%s%s", $0, NR % 50 ? " " : "\n" }' >"$here/in"
start_server $programs/echo_server 127.0.0.1 0 1
$programs/threads 127.0.0.1 "$port" <"$here/in" >"$here/out"
end_server
cmp "$here/in" "$here/out"
