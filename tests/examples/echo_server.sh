#!/bin/sh
. tests/examples/common.sh

start_server $programs/echo_server "" 0 3
for text in one "" "three words here"; do
	equal "client after client" "$text" "$($programs/client "localhost:$port" "$text")"
done
end_server

$programs/echo_server "$here" 0 2>"$here/error" && exit 1
equal "a directory" "echo_server: listen on $here: Address already in use" "$(cat "$here/error")"
