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
	equal "others meanwhile" "$text" "$($programs/client localhost "$port" "$text")"
done
echo line >&3
exec 3>&-
end_server
wait "$slow"
equal "the slow one" "half a line" "$(cat "$here/answer")"

$programs/many_clients "$here" 0 2>"$here/error" && exit 1
equal "a directory" "many_clients: listen on $here: Address already in use" "$(cat "$here/error")"
