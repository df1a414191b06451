#!/bin/sh
. tests/examples/common.sh
need python3

# An address of its own, where there is one: servers of other tests, whose ports are among those that are
# scanned, would take the client for theirs.
host=127.0.0.77
python3 -c "import socket; socket.socket().bind(('$host', 0))" 2>/dev/null || host=127.0.0.1

# scan PORT: 300 ports around it, nearly all at once.
scan() {
	$programs/bulk_connect $host $(($1 - 150)) $(($1 + 149)) 250 0.5 >"$here/ports"
	equal "a line for each port" 300 "$(cut -d ' ' -f 1 "$here/ports" | sort -u | wc -l)"
	grep "^$1 " "$here/ports"
}

start_server $programs/echo_server $host 0 1
equal "a port that somebody listens on" "$port open" "$(scan "$port")"
end_server
equal "and no more" "$port refused" "$(scan "$port")"

start_server python3 tests/examples/silent_listener.py $host
equal "one that does not answer" "$port timed out" "$(scan "$port")"
equal "a name that there is not" "80 No route to host" "$($programs/bulk_connect no.such.invalid 80 80)"
