#!/bin/sh
. tests/examples/common.sh
need python3

# The connection stays open, with more behind the body, and the header comes together with it.
start_server python3 tests/examples/one_shot.py '<43' \
    '>HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\n\xe4\r\n\0abc\nHTTP/1.1 404'
$programs/body 127.0.0.1 "$port" /document >"$here/body"
end_server
printf '\n\344\r\n\0abc\n' | cmp - "$here/body"
