#!/bin/sh
. tests/examples/common.sh

start_server $programs/counter 127.0.0.1 0 2>"$here/log"
for i in 1 2 3; do
	equal "client $i" "you are number $i" "$($programs/client "127.0.0.1:$port" hello)"
done
kill -TERM "$server"
end_server
equal "the end" "counter: accept on 127.0.0.1 port $port: Operation canceled; 3 clients" "$(cat "$here/log")"
