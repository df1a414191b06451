#!/bin/sh
# What the demo says, row by row. The cells of fdopen() are those of the libc: of glibc they are known.
. tests/examples/common.sh
unset NO_COLOR
demo=$programs/demo
$demo >"$here/out" || { cat "$here/out"; exit 1; }

# row NUMBER CODE FSOCK FDOPEN: a row of the table. NUMBER is that of the line.
row() {
	cells=$(sed -n "$1p" "$here/out")
	equal "the code in line $1" "  $2" "$(printf '%s\n' "$cells" | cut -c 1-31 | sed 's/ *$//')"
	equal "fsock: $2" "$3" "$(printf '%s\n' "$cells" | cut -c 32-56 | sed 's/ *$//')"
	[ -z "$is_glibc" ] || equal "fdopen(): $2" "$4" "$(printf '%s\n' "$cells" | cut -c 57-)"
}

is_glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null || :)
row 1 "C, on a FILE *f" "fsock" "fdopen() on a socket"
row 3 "fgets(s, 99, f)" '"one\n"' '"one\n"'
row 4 'fputs("ok\n", f), fflush(f)' "sent" "Illegal seek"
row 5 "fgets(s, 99, f)" '"two\n"' "Illegal seek"
row 6 "what the peer has received" '"ok\n"' "nothing"
row 8 "fgets(s, 99, f)" "Connection timed out" '"half a "'
row 10 "clearerr(f), fgets(s, 99, f)" '"half a line\n"' '"line\n"'
row 12 "fgets(s, 99, f)" "Connection reset by peer" "Connection reset by peer"
row 14 'fputs("bye\n", f), fflush(f)' "Broken pipe" "killed: Broken pipe"
equal "what the library says" \
    "read from 127.0.0.1 port N: Timed out
read from 127.0.0.1 port N: Connection reset by peer" \
    "$(sed -n 's/^    fsock_last_error(): \(.*port \)[0-9]*/\1N/p' "$here/out")"
[ -z "$is_glibc" ] || equal "the last line" "As it should be: fsock 8 of 8, fdopen() 2." "$(tail -n 1 "$here/out")"
equal "lines, of which it has few" 15 "$(wc -l <"$here/out" | tr -d ' ')"
equal "lines that are too wide" "" "$(grep '.\{81\}' "$here/out" || :)"

# Colours are for terminals, and for those who want them.
need python3
on_a_terminal() {
	env "$@" python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' $demo </dev/null
}
colours() {
	tr -d '\r' | sed "s/$(printf '\033')[^m]*m/@/g" | grep -c '@' || :
}
equal "colours in a file" 0 "$(colours <"$here/out")"
equal "colours on a terminal" 11 "$(on_a_terminal A=b | colours)"
equal "colours that are not wanted" 0 "$(on_a_terminal NO_COLOR=1 | colours)"

# Nothing but a compiler and make is needed, and without pkg-config no word is said of it.
mkdir "$here/bin"
ln -s /usr/bin/* "$here/bin"
rm -f "$here/bin/pkg-config"
equal "what make says" "" "$(env -u MAKEFLAGS -u MFLAGS PATH="$here/bin" "$(command -v make)" -n demo 2>&1 >/dev/null)"
