#!/bin/sh
. tests/examples/common.sh
need socat
need nc

# said FILE LINE: waits until somebody has been told it.
said() {
	for i in $(seq 500); do
		grep -qxF "$2" "$here/$1" && return
		sleep 0.02
	done
	printf '%s was never told: %s\n' "$1" "$2"
	exit 1
}

start_server $programs/chat_server 127.0.0.1 0 3
for name in ann bob eve; do
	mkfifo "$here/$name.in"
	: >"$here/$name"
done
nc 127.0.0.1 "$port" <"$here/ann.in" >"$here/ann" 2>&1 &
exec 3>"$here/ann.in"
socat -t 20 "STDIO" "TCP4:127.0.0.1:$port" <"$here/bob.in" >"$here/bob" &
exec 4>"$here/bob.in"
said ann "What is your name?"
said bob "What is your name?"
echo ann >&3
said bob "ann joins"
echo bob >&4
said ann "bob joins"
printf 'hello,' >&3
echo "I am here" >&4
said ann "bob: I am here"
echo " bob" >&3
said bob "ann: hello, bob"

# A third one says its lines all at once and is gone.
equal "eve" "What is your name?" "$(printf 'eve\nhi\nbye\n/quit\nnothing\n' | socat -t 20 STDIO "TCP4:127.0.0.1:$port")"
said ann "eve leaves"
said bob "eve leaves"
echo /quit >&4
said ann "bob leaves"
echo /quit >&3
exec 3>&- 4>&-
end_server
wait
equal "what bob heard" \
    "What is your name?|ann joins|ann: hello, bob|eve joins|eve: hi|eve: bye|eve leaves" \
    "$(paste -sd '|' "$here/bob")"
