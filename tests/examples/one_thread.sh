#!/bin/sh
. tests/examples/common.sh

sed -n '/^#include <errno.h>/,/^```/p' README.md | sed '$d' >"$here/readme.c"
sed -n '/^#include <errno.h>/,$p' examples/one_thread.c | cmp - "$here/readme.c"

# One client has sent half a line, one reads nothing: others are served.
start_server $programs/one_thread 0
seq 1 300000 >"$here/in"
mkfifo "$here/out" "$here/half"
exec 4<>"$here/out" 5<>"$here/half"
$programs/threads localhost "$port" <"$here/in" >"$here/out" 4<&- 5<&- &
slow=$!
printf 'half a ' >&5
$programs/threads localhost "$port" <"$here/half" >/dev/null 4<&- 5<&- &
half=$!
for text in one "" "three words here"; do
	equal "others meanwhile" "you said $text" "$($programs/client "localhost:$port" "$text")"
done
sed 's/^/you said /' "$here/in" >"$here/expected"
head -c "$(($(wc -c <"$here/expected")))" <&4 | cmp - "$here/expected"
wait "$slow"
kill "$half" 2>/dev/null
