#!/bin/sh
. tests/examples/common.sh

ipv6=
grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null && ipv6=::1
for host in 127.0.0.1 $ipv6 "$here/socket"; do
	start_server $programs/echo_server "$host" 0 1
	case $host in
	/*) address=unix:$host ;;
	*:*) address=[$host]:$port ;;
	*) address=tcp://$host:$port ;;
	esac
	equal "a line to $host" "hello there" "$($programs/client "$address" "hello there")"
	end_server
done

equal "nobody listens" "client: connect to $here/none: No such file or directory" \
    "$($programs/client "$here/none" hello 2>&1 || echo "$?" >"$here/status")"
equal "the exit status" 1 "$(cat "$here/status")"
equal "no port" "client: connect to localhost: no port: write localhost:PORT" \
    "$($programs/client localhost hello 2>&1 || :)"
