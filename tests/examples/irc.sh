#!/bin/sh
. tests/examples/common.sh
need python3
need openssl
tests/tls/certificates "$here"

start_server python3 tests/examples/irc.py "$here"
equal "a talk" "you are in #room|<eve> hello there|<eve> grüß dich: wohl?" \
    "$(printf 'hello there\ngrüß dich: wohl?\n' | $programs/irc localhost "$port" bob '#room' "$here/ca.pem" | paste -sd '|')"
end_server

start_server python3 tests/examples/irc.py "$here" taken
equal "a name that is taken" "irc: bob :Nickname is already in use|irc: that name is taken" \
    "$($programs/irc localhost "$port" bob '#room' "$here/ca.pem" </dev/null 2>&1 | paste -sd '|')"
end_server

equal "a server that is not there" "irc: connect to localhost port $port: Connection refused" \
    "$($programs/irc localhost "$port" bob '#room' "$here/ca.pem" </dev/null 2>&1)"
