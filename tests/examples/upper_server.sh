#!/bin/sh
. tests/examples/common.sh

start_server $programs/upper_server 127.0.0.1 0 20
askers=
for i in $(seq 20); do
	$programs/ask "127.0.0.1:$port" "question $i" >"$here/$i" &
	askers="$askers $!"
done
wait $askers
for i in $(seq 20); do
	equal "question $i, of many at once" "QUESTION $i" "$(cat "$here/$i")"
done
end_server

# On all addresses: asked at any of them it answers from there, or the asker would not hear it.
[ "$(uname)" = Linux ] || exit 0
start_server $programs/upper_server 0.0.0.0 0 2
for host in 127.0.0.1 127.0.0.2; do
	equal "asked at $host" "HELLO" "$($programs/ask "$host:$port" hello)"
done
end_server
