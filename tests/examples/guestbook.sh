#!/bin/sh
. tests/examples/common.sh
need nc

start_server $programs/guestbook 127.0.0.1 2
equal "the first guest" "before you: nobody
your name? " "$(echo Ada | nc -N 127.0.0.1 "$port")"
equal "the second guest" "before you: nobody
Ada
your name? " "$(echo Bob | nc -N 127.0.0.1 "$port")"
end_server
