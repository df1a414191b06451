#!/bin/sh
. tests/examples/common.sh

ipv6=
grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null && ipv6=::1
for host in 127.0.0.1 $ipv6; do
	start_server $programs/upper_server "$host" 0 2
	case $host in
	*:*) address=[$host]:$port ;;
	*) address=udp://$host:$port ;;
	esac
	equal "a question to $host" "HELLO THERE" "$($programs/ask "$address" "hello there")"
	equal "an empty one to $host" "" "$($programs/ask "$address" "")"
	end_server
done

equal "nobody there" "ask: receive from 127.0.0.1 port $port: Connection refused" \
    "$($programs/ask "127.0.0.1:$port" hello 2>&1 || echo "$?" >"$here/status")"
equal "the exit status" 1 "$(cat "$here/status")"
