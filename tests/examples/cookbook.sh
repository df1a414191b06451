#!/bin/sh
. tests/examples/common.sh
need python3

cookbook=$programs/cookbook

# peer ROLE: starts one of the peers.
peer() {
	start_server python3 tests/examples/cookbook.py "$1" 2>"$here/log"
}

# A server that ends with its keyboard, and all that one asks of a server of lines.
mkfifo "$here/keys"
exec 3<>"$here/keys"
start_server sh -c "exec $cookbook serve localhost 0 <$here/keys"
equal "a line" "5 octets: hello" "$($cookbook line localhost "$port" hello)"
equal "from" "from 127.0.0.1" "$($cookbook from 127.0.0.1 "$port" 127.0.0.1)"
equal "both ends" "from 127.0.0.1 to 127.0.0.1 port $port" \
    "$($cookbook ends 127.0.0.1 "$port")"
equal "what goes over the wire" "> hello|< 5 octets: hello" "$($cookbook trace localhost "$port" hello 2>&1 >/dev/null |
    sed -n 's/^[0-9.]* #1 \([<>] .*\)\\n$/\1/p' | tr '\n' '|' | sed 's/|$//')"
equal "keepalive" "keepalive 1" "$($cookbook alive localhost "$port")"
equal "connected" "connected" "$($cookbook failures localhost "$port")"
kill "$server"
wait "$server" 2>/dev/null || :
server=

equal "no such host" "no such host" "$($cookbook failures no.such.invalid 80)"
equal "port 0" "connect to localhost: there is no port 0" "$($cookbook failures localhost 0)"

start_server $cookbook fork localhost 0
equal "first process" "one" "$($cookbook line localhost "$port" one)"
equal "second process" "two" "$($cookbook all localhost "$port" two)"
end_server

peer everything
equal "all" "10 octets" "$($cookbook all 127.0.0.1 "$port" 0123456789)"
end_server

peer latin
equal "Latin-1" "grün" "$($cookbook latin-1 127.0.0.1 "$port" grün)"
end_server
equal "on the wire" "b'gr\\xfcn\\r\\n'" "$(cat "$here/log")"

peer smtp
$cookbook mail 127.0.0.1 "$port" 'one
.two

three'
end_server
equal "the message" "one|..two||three|" "$(cat "$here/log")"

peer http
equal "a page" "6 octets: hello" "$($cookbook http 127.0.0.1 "$port" /)"
end_server

peer record
equal "a record" "hello" "$($cookbook record 127.0.0.1 "$port")"
end_server

peer slow
equal "the rest" "at last" "$($cookbook timer 127.0.0.1 "$port" | tail -n 1)"
end_server

peer silent
equal "too late" "cookbook: read from 127.0.0.1 port $port: Deadline passed" \
    "$($cookbook deadline 127.0.0.1 "$port" hello 2>&1)"
end_server

rm -f "$here/says"
mkfifo "$here/says"
python3 tests/examples/cookbook.py pair >"$here/says" &
server=$!
read -r word first second <"$here/says"
equal "who answers first" "second" "$($cookbook first 127.0.0.1 "$first" "$second")"
end_server

$cookbook control "$here/control" 0 >"$here/told" &
server=$!
python3 -c "
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
for _ in range(2000):
    try:
        s.connect(sys.argv[1])
        break
    except OSError:
        time.sleep(0.01)
s.sendall(b'reload\n')" "$here/control"
end_server
equal "who controls" "user $(id -u) says reload" "$(cat "$here/told")"
