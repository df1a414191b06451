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

# So does dig, which believes no answer from elsewhere. What it takes for one is its question in capitals.
need dig
start_server $programs/upper_server 0.0.0.0 0 2
for host in 127.0.0.2 127.0.0.3; do
	dig +noedns +qid=4660 +tries=1 +time=60 @$host -p "$port" example.org >"$here/dig" || :
	equal "dig, of $host" "EXAMPLE.ORG. $host#$port" "$(sed -n \
	    -e 's/^;\(EXAMPLE\.ORG\.\).*/\1/p' -e 's/^;; SERVER: \([^(]*\).*/\1/p' "$here/dig" | tr '\n' ' ' | sed 's/ $//')"
done
end_server
