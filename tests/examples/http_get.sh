#!/bin/sh
. tests/examples/common.sh

start_server $programs/http_server 0 1
equal "the body" "/some/path" "$($programs/http_get 127.0.0.1 "$port" /some/path 2>"$here/status")"
equal "the status line" "HTTP/1.1 200 OK" "$(tr -d '\r' <"$here/status")"
end_server
