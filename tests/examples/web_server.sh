#!/bin/sh
. tests/examples/common.sh
need curl

start_server $programs/web_server 0
equal "three requests, one connection" "hello /a
hello /b
hello /c" "$(curl --noproxy '*' -sS "http://127.0.0.1:$port/[a-c]")"
equal "another client at the same time" "hello /d" \
    "$(curl --noproxy '*' -sS "http://127.0.0.1:$port/d")"
kill -TERM "$server"
end_server
