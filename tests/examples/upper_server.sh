#!/bin/sh
. tests/examples/common.sh

start_server $programs/upper_server 127.0.0.1 0 20
askers=
for i in $(seq 20); do
	$programs/ask 127.0.0.1 "$port" "question $i" >"$here/$i" &
	askers="$askers $!"
done
wait $askers
for i in $(seq 20); do
	equal "question $i, of many at once" "QUESTION $i" "$(cat "$here/$i")"
done
end_server
