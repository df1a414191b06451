#!/bin/sh
# Servers started by others: by systemd-socket-activate, which listens and starts the server for its
# first client, with one socket and with two; and by LISTEN_FDS that are not meant for it.
. tests/examples/common.sh
need curl
fetch() {
	curl --noproxy '*' -sS "http://$1/$2"
}

# A port that is free now.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# LISTEN_PID of another process: the server listens by itself.
LISTEN_PID=1 LISTEN_FDS=1 start_server $programs/web_server 0
equal "not meant for it" "hello /a" "$(fetch "127.0.0.1:$port" a)"
kill -TERM "$server"
end_server

need systemd-socket-activate

# activate OPTION...: starts it, returns when it listens.
times=0
activate() {
	times=$((times + 1)) log=$here/log.$((times + 1))
	mkfifo "$log"
	systemd-socket-activate "$@" $programs/web_server 2>"$log" >"$here/says" &
	server=$!
	exec 3<"$log"
	for address; do
		[ "$address" = -l ] || continue
		read -r line <&3
		case $line in
		*istening\ on*) ;;
		*) echo "$line"; exit 1 ;;
		esac
	done
	cat <&3 >"$log.rest" &
	exec 3<&-
}

rm -f "$here/says"
one=$(free_port) two=$(free_port)
activate -l "127.0.0.1:$one"
equal "one socket" "hello /b" "$(fetch "127.0.0.1:$one" b)"
equal "again" "hello /c" "$(fetch "127.0.0.1:$one" c)"
kill -TERM "$server"
end_server
equal "its port" "port $one" "$(cat "$here/says")"

activate -l "127.0.0.1:$one" -l "127.0.0.1:$two" --fdname=web:web
equal "the first of two" "hello /d" "$(fetch "127.0.0.1:$one" d)"
equal "the second of two" "hello /e" "$(fetch "127.0.0.1:$two" e)"
kill -TERM "$server"
end_server

activate -l "$here/socket"
equal "a Unix-domain socket" "hello /f" \
    "$(curl --noproxy '*' -sS --unix-socket "$here/socket" http://localhost/f)"
kill -TERM "$server"
end_server

# One process for each connection, with the connection passed to it.
activate -l "127.0.0.1:$one" --accept
equal "a connection" "hello /g" "$(fetch "127.0.0.1:$one" g)"
equal "another connection" "hello /h" "$(fetch "127.0.0.1:$one" h)"
kill "$server"
wait "$server" || :
server=
