#!/bin/sh
. tests/examples/common.sh
need redis-server

mkfifo "$here/says"
redis-server --port 0 --unixsocket "$here/redis" --save "" --dir "$here" >"$here/says" &
server=$!
while read -r line; do
	case $line in *eady\ to\ accept*) break ;; esac
done <"$here/says"

equal "PING, SET, GET" "PONG OK two words" \
    "$($programs/redis "$here/redis" key "two words" | tr -s '\r\n' ' ' | sed 's/ $//')"
