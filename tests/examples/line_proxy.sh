#!/bin/sh
. tests/examples/common.sh
need socat

start_server $programs/many_clients 127.0.0.1 0
upstream=$server
trap 'kill $upstream $server 2>/dev/null || :; rm -rf "$here"' EXIT
to=$port
start_server sh -c "exec $programs/line_proxy 127.0.0.1 0 127.0.0.1 $to 12 2>$here/log"

# One client sends more than all buffers on the way take, and reads nothing: it is not sent any
# more, and the server not read from. Others are served meanwhile, and then it gets every line.
seq 1 3000000 | awk '{ printf "%s%s", $0, NR % 50 ? " " : "\n" }' >"$here/in"
mkfifo "$here/out"
exec 4<>"$here/out"
$programs/threads 127.0.0.1 "$port" <"$here/in" >"$here/out" 4<&- &
slow=$!
for text in 1 2 3 4 5 6 7 8 9 10; do
	equal "another one" "line $text" "$($programs/client "127.0.0.1:$port" "line $text")"
done
head -c "$(($(wc -c <"$here/in")))" <&4 | cmp - "$here/in"
wait "$slow"

# The server is gone: clients are sent away.
kill "$upstream"
wait "$upstream" 2>/dev/null || :
equal "a client without server" "" "$(socat -u "TCP4:127.0.0.1:$port" -)"
end_server
equal "the log" "line_proxy: connect to 127.0.0.1 port $to: Connection refused" "$(cat "$here/log")"
