# What the scripts here share: each runs one example from the root of the tree and looks at what it says.
set -eu
programs=build/cc/examples
here=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || :; rm -rf "$here"' EXIT

# Ends the script as passed if a program is missing; the line is shown by tests/tools/run.
need() {
	command -v "$1" >/dev/null || { echo "SKIPPED: $1 is not installed"; exit 0; }
}

# Starts a server that says "port NUMBER" when it listens. Sets server and port.
start_server() {
	rm -f "$here/says"
	mkfifo "$here/says"
	"$@" >"$here/says" &
	server=$!
	read -r word port <"$here/says"
	[ "$word" = port ]
}

# The server has served all it was to serve: it must end by itself, and well.
end_server() {
	wait "$server"
	server=
}

# equal WHAT EXPECTED ACTUAL
equal() {
	[ "$2" = "$3" ] && return
	printf '%s\nexpected: %s\nbut got:  %s\n' "$1" "$2" "$3"
	exit 1
}
