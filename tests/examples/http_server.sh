#!/bin/sh
. tests/examples/common.sh
need curl

start_server $programs/http_server 0 1
equal "two requests, one connection" "/a b=c" \
    "$(curl --noproxy '*' -sS "http://127.0.0.1:$port/a" -o - --next -sS -d ' b=c' "http://127.0.0.1:$port/b")"
end_server
