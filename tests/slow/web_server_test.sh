#!/bin/sh
# wrk asks the web server among the examples 200 000 times over connections that last, and then for
# as long over connections for one request each: no request fails, and the server has as many
# descriptors afterwards as before and no more memory.
. tests/examples/common.sh
need wrk

# The number after a word in the status of the server.
status() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$server/status"
}

# Asks for some seconds, adds what was answered to `answered`, ends the script if something failed.
answered=0
ask() {
	wrk -t 2 -c 40 -d 2s "$@" "http://127.0.0.1:$port/page" >"$here/wrk"
	if grep -q -e "Socket errors" -e "Non-2xx" "$here/wrk"; then
		cat "$here/wrk"
		exit 1
	fi
	answered=$((answered + $(sed -n 's/ *\([0-9]*\) requests in.*/\1/p' "$here/wrk")))
}

# Returns when the server has let go of its clients, and of the threads it has no use for.
settle() {
	while [ "$(status Threads)" -gt 18 ]; do
		sleep 0.1
	done
}

start_server $programs/web_server 0 2>"$here/log"
ask
ask -H "Connection: close"
settle
descriptors=$(ls "/proc/$server/fd" | wc -l)
memory=$(status VmRSS)

answered=0
while [ "$answered" -lt 200000 ]; do
	ask
done
echo "$answered requests answered"
answered=0
while [ "$answered" -lt 20000 ]; do
	ask -H "Connection: close"
done
echo "$answered connections served"

settle
equal "descriptors" "$descriptors" "$(ls "/proc/$server/fd" | wc -l)"
grown=$(($(status VmRSS) - memory))
[ "$grown" -lt 1024 ] || { echo "it has grown by $grown KiB"; exit 1; }
kill -TERM "$server"
end_server
