#!/bin/sh
. tests/examples/common.sh
need python3

# A keyboard: both talk when they like.
python3 tests/examples/telnet.py $programs/telnet >"$here/seen"
diff - "$here/seen" <<'END'
terminal: welcome
terminal: an interruption
server: half a line
terminal: first answer
second answer
server: last line
server: ''
terminal: good bye
exit status: 0
terminal: not today
exit status: 0
END

# A file, much more than all buffers on the way take, and a pipe; what is asked is answered before the end.
seq 1 100000 >"$here/in"
start_server $programs/echo_server 127.0.0.1 0 4
$programs/telnet "127.0.0.1:$port" <"$here/in" | cmp - "$here/in"
sed p "$here/in" | sed -n 'p;n' | $programs/telnet "127.0.0.1:$port" | cmp - "$here/in"
equal "nothing" "" "$($programs/telnet "127.0.0.1:$port" </dev/null)"
equal "a line without its end" "no end" "$(printf 'no end' | $programs/telnet "127.0.0.1:$port")"
end_server

equal "nobody listens" "telnet: connect to $here/none: No such file or directory" \
    "$($programs/telnet "$here/none" 2>&1 </dev/null || echo "$?" >"$here/status")"
equal "the exit status" 1 "$(cat "$here/status")"
equal "no input" "telnet: watch: Bad file descriptor" "$($programs/telnet "$here/none" 2>&1 <&- || :)"
