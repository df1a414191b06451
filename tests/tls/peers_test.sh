#!/bin/sh
# Other programs that speak TLS, against the examples: those of OpenSSL and GnuTLS, Python, nginx, aiosmtpd.
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

# Whether a program is on this machine. Says so if it is not.
here() {
	command -v "$1" >/dev/null && return
	echo "tls peers: there is no $1 here"
	false
}

# Waits until a command succeeds, but not for ever: a server that has died at its start says nothing.
await() {
	end=$(($(date +%s) + 60))
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -le $end ] || return 1
		sleep 0.05
	done
}

# Finds the ports that a process listens on.
is_listening() {
	for inode in $(ls -l "/proc/$1/fd" | sed -n 's/.*socket:\[\([0-9]*\)]$/\1/p'); do
		sed -n "s/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) [0-9A-F:]* 0A .* $inode .*/\1/p" /proc/net/tcp
	done >"$directory/ports"
	[ -s "$directory/ports" ]
}

# The port that a process listens on, which does not tell of it.
listening_port() {
	await is_listening "$1" && printf '%d\n' "0x$(head -1 "$directory/ports")"
}

# The port that a server tells of.
port_of() {
	await grep -q '^port ' "$1" && sed -n 's/^port //p' "$1"
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

# Who has said all waits for the answer, and for the end.
if here gnutls-cli; then
	for priority in NORMAL NORMAL:-VERS-TLS1.3; do
		printf 'hello\nagain\n' | timeout 100 gnutls-cli --logfile="$directory/log" --x509cafile="$ca" \
		    --priority=$priority -p "$port" localhost >"$directory/said" 2>&1
		equal "gnutls-cli, $priority" "0 HELLO AGAIN" "$? $(tr '\n' ' ' <"$directory/said" | sed 's/ $//')"
	done
fi

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
await grep -q '^ACCEPT' "$directory/s_out"
port=$(sed -n 's/^ACCEPT.*:\([0-9]*\).*/\1/p' "$directory/s_out" | head -1)
equal "https_get of openssl s_server" "a document" "$($programs/https_get localhost "$port" /document "$ca")"
equal "https_get, whom it does not believe" \
    "https_get: connect to localhost port $port: certificate of localhost is not signed by a known authority (issuer Test CA ca)" \
    "$($programs/https_get localhost "$port" /document "$directory/other.pem" 2>&1)"

if here gnutls-serv; then
	printf 'a document of theirs\n' >"$directory/theirs"
	gnutls-serv --http --quiet --port=0 --x509certfile="$directory/good.pem" --x509keyfile="$directory/good.key" \
	    --httpdata="$directory/theirs" >"$directory/gnutls_out" 2>&1 &
	pids="$pids $!"
	port=$(listening_port $!)
	equal "https_get of gnutls-serv" "a document of theirs" "$($programs/https_get localhost "$port" / "$ca")"
fi

# A server that does not tell its port gets a listener made for it.
python='
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
os.set_inheritable(s.fileno(), True)
os.environ["NGINX"] = "%d;" % s.fileno()
open("nginx.conf", "w").write("""
daemon off; worker_processes 1; user root; pid nginx.pid; error_log nginx.log; events { }
http {
	access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
	server { listen 127.0.0.1:%d ssl; root .; ssl_certificate good.pem; ssl_certificate_key good.key; }
}
""" % s.getsockname()[1])
print("port", s.getsockname()[1], flush=True)
os.execvp("nginx", ["nginx", "-p", ".", "-c", "nginx.conf", "-e", "nginx.log"])
'
PATH=$PATH:/usr/sbin
if here nginx; then
	seq 100000 >"$directory/long"
	(cd "$directory" && exec python3 -c "$python" >nginx_out 2>&1) &
	pids="$pids $!"
	port=$(port_of "$directory/nginx_out")
	equal "https_get of nginx" "a document" "$($programs/https_get localhost "$port" /document "$ca")"
	equal "https_get of nginx, much" "$(cksum <"$directory/long")" \
	    "$($programs/https_get localhost "$port" /long "$ca" | cksum)"
fi

# A mail server, which begins with TLS when it is asked to. It is one of Debian's Python.
python='
import asyncio, ssl, sys
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
c.load_cert_chain("good.pem", "good.key")
async def serve():
    s = await asyncio.get_running_loop().create_server(lambda: SMTP(Sink(), tls_context=c), "127.0.0.1", 0)
    print("port", s.sockets[0].getsockname()[1], flush=True)
    await s.serve_forever()
asyncio.run(serve())
'
if /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
	(cd "$directory" && exec /usr/bin/python3 -c "$python" >smtp_out 2>smtp_err) &
	pids="$pids $!"
	port=$(port_of "$directory/smtp_out")
	equal "starttls with aiosmtpd" TLSv1.3 "$($programs/starttls localhost "$port" "$ca")"
	equal "starttls with aiosmtpd, which it does not believe" \
	    "starttls: handshake of localhost port $port: certificate of localhost is not signed by a known authority (issuer Test CA ca)" \
	    "$($programs/starttls localhost "$port" "$directory/other.pem" 2>&1)"
else
	echo "tls peers: there is no aiosmtpd here"
fi

echo "tls peers: Checks: $checks, Failures: $failures, Errors: 0"
[ $failures -eq 0 ]
