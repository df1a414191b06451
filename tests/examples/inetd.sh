#!/bin/sh
. tests/examples/common.sh
need socat

# socat is inetd: it gives the program a socket as standard input.
equal "the sum" "no number: x
42.5" "$(printf '40\nx\n2.5\n' | socat -t 30 - EXEC:$programs/inetd)"
