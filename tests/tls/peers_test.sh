#!/bin/sh
# Other programs that speak TLS, against the examples: openssl's client and server, curl, Python.
programs=build/cc/examples checks=0 failures=0 pids=
directory=$(mktemp -d)
trap 'kill $pids 2>/dev/null; rm -rf "$directory"' EXIT
tests/tls/certificates "$directory" || exit 1
ca=$directory/ca.pem

equal() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] && return
	failures=$((failures + 1))
	printf '%s: "%s" instead of "%s"\n' "$1" "$3" "$2"
}

# The port that a server tells of.
port_of() {
	until grep -q '^port ' "$1" 2>/dev/null; do
		read -r _ </dev/null
	done
	sed -n 's/^port //p' "$1"
}

cp "$directory/good.pem" "$directory/now.pem"
cp "$directory/good.key" "$directory/now.key"
$programs/tls_server 0 "$directory/now.pem" "$directory/now.key" >"$directory/out" 2>"$directory/err" &
server=$!
pids="$pids $server"
port=$(port_of "$directory/out")


# s_client ends when its own limit says so, as the server waits for more.
talk() { printf 'hello\n' | timeout 2 openssl s_client -quiet -verify_return_error -CAfile "$ca" "$@" \
    -connect "127.0.0.1:$port" 2>/dev/null; }
equal "openssl s_client, TLS 1.3" HELLO "$(talk -tls1_3)"
equal "openssl s_client, TLS 1.2" HELLO "$(talk -tls1_2)"
equal "openssl s_client, TLS 1.1" "" "$(talk -tls1_1 -cipher DEFAULT@SECLEVEL=0)"

python='
import socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[1])
with c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="localhost") as s:
    f = s.makefile("rw")
    for i in range(200):
        f.write("line %d\n" % i)
    f.flush()
    print(sum(f.readline() == "LINE %d\n" % i for i in range(200)), s.version())
'
equal "Python" "200 TLSv1.3" "$(timeout 100 python3 -c "$python" "$ca" "$port")"

cp "$directory/named.pem" "$directory/now.pem"
cp "$directory/named.key" "$directory/now.key"
kill -HUP $server
subject() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -subject; }
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(subject)" = "subject=CN = example.org" ] && break
done
equal "reload on SIGHUP" "subject=CN = example.org" "$(subject)"
kill -TERM $server
wait $server
equal "a server that ends" 0 $?

# openssl's server, which answers requests for files.
printf 'a document\n' >"$directory/document"
(cd "$directory" && exec openssl s_server -accept 0 -cert good.pem -key good.key -WWW >s_out 2>&1) &
pids="$pids $!"
until grep -q '^ACCEPT' "$directory/s_out" 2>/dev/null; do :; done
port=$(sed -n 's/^ACCEPT.*:\([0-9]*\).*/\1/p' "$directory/s_out" | head -1)
equal "https_get of openssl s_server" "a document" "$($programs/https_get localhost "$port" /document "$ca")"
equal "https_get, whom it does not believe" \
    "https_get: connect to localhost port $port: certificate of localhost is not signed by a known authority (issuer Test CA ca)" \
    "$($programs/https_get localhost "$port" /document "$directory/other.pem" 2>&1)"

echo "tls peers: Checks: $checks, Failures: $failures, Errors: 0"
[ $failures -eq 0 ]
