#!/bin/sh
. tests/examples/common.sh

# Clients and the operator are served in turn. One client has sent half a line and waits.
mkfifo "$here/operator" "$here/half"
exec 3<>"$here/operator" 4<>"$here/half"
rm -f "$here/says"
mkfifo "$here/says"
$programs/poll_loop 0 <"$here/operator" >"$here/says" 3<&- 4<&- &
server=$!
exec 5<"$here/says"
read -r word port <&5
equal "the port" port "$word"
$programs/telnet "localhost:$port" <"$here/half" >"$here/answer" 3<&- 4<&- 5<&- &
half=$!
printf 'half a ' >&4
seq 1 20000 >"$here/in"
$programs/telnet "localhost:$port" <"$here/in" 3<&- 4<&- 5<&- | cmp - "$here/in"
for text in one "" "three words here"; do
	equal "others meanwhile" "$text" "$($programs/client "localhost:$port" "$text" 3<&- 4<&- 5<&-)"
done
equal "several lines at once" "$(seq 1 100)" "$(seq 1 100 | $programs/telnet "localhost:$port" 3<&- 4<&- 5<&-)"

# The operator is told how many there are: those that have gone may be there for a moment.
clients=
while [ "$clients" != 1 ]; do
	echo >&3
	read -r clients <&5
done
echo line >&4
exec 4>&-
wait "$half"
equal "the slow one" "half a line" "$(cat "$here/answer")"
exec 3>&-
end_server

# Time ends it, too, if the operator says nothing.
exec 3<>"$here/operator"
$programs/poll_loop 0 0.2 <"$here/operator" >/dev/null 3<&- &
server=$!
end_server
