#!/bin/sh
. tests/examples/common.sh
need socat

# One client is there all the time and has said half a line; others come and go meanwhile.
start_server $programs/many_clients localhost 0 4
mkfifo "$here/half"
socat -t 20 "EXEC:cat $here/half!!CREATE:$here/answer" "TCP4:localhost:$port" &
slow=$!
exec 3>"$here/half"
printf 'half a ' >&3
for text in one "" "three words here"; do
	equal "others meanwhile" "$text" "$($programs/client "localhost:$port" "$text")"
done
echo line >&3
exec 3>&-
end_server
wait "$slow"
equal "the slow one" "half a line" "$(cat "$here/answer")"

# Who says nothing is sent away.
start_server $programs/many_clients 127.0.0.1 0 1 0.2
equal "a silent one" "too long silent" "$(socat -u "TCP4:127.0.0.1:$port" -)"
end_server

# One sends more than all buffers on the way take and reads nothing; others are served meanwhile.
seq 1 3000000 | awk '{ printf "%s%s", $0, NR % 50 ? " " : "\n" }' >"$here/in"
mkfifo "$here/out"
exec 4<>"$here/out"
start_server $programs/many_clients 127.0.0.1 0 11
$programs/threads 127.0.0.1 "$port" <"$here/in" >"$here/out" 4<&- &
slow=$!
for text in 1 2 3 4 5 6 7 8 9 10; do
	equal "another one" "line $text" "$($programs/client "127.0.0.1:$port" "line $text")"
done
head -c "$(($(wc -c <"$here/in")))" <&4 | cmp - "$here/in"
wait "$slow"
end_server

$programs/many_clients "$here" 0 2>"$here/error" && exit 1
equal "a directory" "many_clients: listen on $here: Address already in use" "$(cat "$here/error")"
