#!/bin/sh
. tests/examples/common.sh

echo "a file" >"$here/file"
$programs/lend "$here/socket" "$here/file" &
server=$!
until got=$($programs/lend "$here/socket" 2>"$here/says"); do # it may not listen yet
	kill -0 "$server"
	sleep 0.1
done
equal "what was lent" "a file" "$got"
end_server
[ ! -e "$here/socket" ]
