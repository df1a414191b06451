#!/bin/sh
. tests/examples/common.sh
need curl
need nc
need python3
need socat

head -c 8000000 /dev/urandom >"$here/file"

# A file over HTTP.
cat >"$here/web.py" <<'END'
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print("port", server.server_port, flush=True)
server.serve_forever()
END
start_server python3 "$here/web.py" "$here" 2>/dev/null
web=$server
to=$port
trap 'kill $web $echo $server 2>/dev/null || :; rm -rf "$here"' EXIT
echo=
start_server $programs/tcp_proxy 127.0.0.1 0 127.0.0.1 "$to" 4
for i in 1 2; do
	curl -sS "http://127.0.0.1:$port/file" | cmp - "$here/file"
done
curl -sS "http://127.0.0.1:$port/file" >"$here/a" &
one=$!
curl -sS "http://127.0.0.1:$port/file" >"$here/b"
wait $one
cmp "$here/a" "$here/file"
cmp "$here/b" "$here/file"
end_server

# Both ways at once, and each side ends for itself: what socat has sent comes back.
mkfifo "$here/log"
socat -dd TCP4-LISTEN:0,bind=127.0.0.1,fork EXEC:cat 2>"$here/log" &
echo=$!
exec 4<"$here/log"
until read -r line <&4 && case $line in *listening*) true ;; *) false ;; esac; do :; done
to=${line##*:}
cat <&4 >/dev/null &
start_server $programs/tcp_proxy 127.0.0.1 0 127.0.0.1 "$to" 3
nc -N 127.0.0.1 "$port" <"$here/file" | cmp - "$here/file"
socat -t60 - "TCP4:127.0.0.1:$port" <"$here/file" | cmp - "$here/file"
$programs/pipe_to 127.0.0.1 "$port" <"$here/file" | cmp - "$here/file"
end_server

# Nobody listens there any more.
kill $echo
wait $echo 2>/dev/null || :
echo=
start_server sh -c "exec $programs/tcp_proxy 127.0.0.1 0 127.0.0.1 $to 1 2>$here/says_why"
equal "a client without server" "" "$(socat -u "TCP4:127.0.0.1:$port" - 2>/dev/null)"
end_server
equal "the log" "tcp_proxy: connect to 127.0.0.1 port $to: Connection refused" "$(cat "$here/says_why")"
