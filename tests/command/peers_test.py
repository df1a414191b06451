#!/usr/bin/env python3
"""The command against other programs. A row whose program is not installed is left out."""

import http.server
import os
import pty
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from support import (DONE, FSOCK, ENVIRONMENT, LIMIT, TLS, Listener, Peer, equal, main, matches, read_all, run)


def has(program):
    if shutil.which(program):
        return True
    print(f"SKIPPED: {program} is not installed")
    return False


def send_with(*command, typed):
    return subprocess.run([*map(str, command)], input=typed, capture_output=True, timeout=LIMIT)


def clients(port):
    return (["nc", "-N", "127.0.0.1", port], ["socat", "-", f"TCP4:127.0.0.1:{port}"])


def test_clients():
    """What nc and socat send arrives, and they see the end of it."""
    for i in range(2):
        if not has(clients(0)[i][0]):
            continue
        listener = Listener(stdin=subprocess.PIPE)
        listener.program.stdin.write(b"welcome\n")
        listener.program.stdin.close()
        listener.program.stdin = None
        done = send_with(*clients(listener.port)[i], typed=b"hello\n")
        equal("what the client shows", (0, b"welcome\n"), (done.returncode, done.stdout))
        equal("what the command shows", (DONE, b"hello\n"), listener.end()[:2])


def test_unix_with_socat():
    if not has("socat"):
        return
    with tempfile.TemporaryDirectory() as here:
        listener = Listener(address=f"unix:{here}/s", stdin=subprocess.DEVNULL)
        done = send_with("socat", "-", f"UNIX-CONNECT:{here}/s", typed=b"hello\n")
        equal("the client's exit status", 0, done.returncode)
        equal("what the command shows", (DONE, b"hello\n"), listener.end()[:2])


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/page" else 404)
        self.end_headers()
        self.wfile.write(b"the page\n")

    def log_message(self, *_):
        pass


def test_http():
    """The first example of the page, with a real server of HTTP/1.0, and of HTTP/1.1 when it is told to close."""
    for path, status, version, header in (
            ("/page", "200 OK", "1.0", b""), ("/none", "404 Not Found", "1.0", b""),
            ("/page", "200 OK", "1.1", b"Host: localhost\r\nConnection: close\r\n")):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        request = f"GET {path} HTTP/{version}\r\n".encode() + header + b"\r\n"
        result, shown, err = run(f"localhost:{server.server_port}", typed=request)
        server.shutdown()
        server.server_close()
        equal("exit status", (DONE, ""), (result, err))
        head, _, body = shown.partition(b"\r\n\r\n")
        matches("status line", rf"HTTP/1\.[01] {status}", head.splitlines()[0].decode())
        equal("page", b"the page\n", body)


def test_http_with_nginx():
    if not has("nginx"):
        return
    with tempfile.TemporaryDirectory() as here:
        with open(f"{here}/page", "w", encoding="ascii") as page:
            page.write("the page\n")
        with open(f"{here}/conf", "w", encoding="ascii") as conf:
            conf.write(f"daemon off; error_log stderr; pid {here}/pid; events {{}} http {{ access_log off; "
                       f"client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f; "
                       f"uwsgi_temp_path {here}/u; scgi_temp_path {here}/s; "
                       f"server {{ listen unix:{here}/http; root {here}; }} }}")
        os.chmod(here, 0o755)
        server = subprocess.Popen(["nginx", "-c", f"{here}/conf"], stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + LIMIT
            while run("-z", f"unix:{here}/http")[0] != DONE and time.monotonic() < end:
                equal("nginx", None, server.poll())
            result, shown, err = run(f"unix:{here}/http", typed=b"GET /page HTTP/1.0\r\n\r\n")
        finally:
            server.terminate()
            server.wait(LIMIT)
        equal("exit status", (DONE, ""), (result, err))
        matches("answer", "HTTP/1.1 200 OK\r\n.*\r\n\r\nthe page\n", shown.decode())


def test_datagrams_with_socat():
    if not has("socat"):
        return
    listener = Listener("-u", stdin=subprocess.DEVNULL)
    done = send_with("socat", "-u", "-", f"UDP4-SENDTO:127.0.0.1:{listener.port}", typed=b"hello\n")
    equal("the client's exit status", 0, done.returncode)
    equal("what the command shows", b"hello\n", listener.program.stdout.readline())
    listener.program.terminate()
    listener.end()


def test_keyboard():
    """At a terminal Ctrl-D ends the input, and what the peer says then is still shown."""
    terminal, inside = pty.openpty()
    peer = Peer(lambda connection: connection.sendall(b"got " + read_all(connection)))
    program = subprocess.Popen([FSOCK, peer.address], env=ENVIRONMENT, stdin=inside, stdout=subprocess.PIPE,
                               stderr=inside)
    os.write(terminal, b"hello\n\x04")
    out, _ = program.communicate(timeout=LIMIT)
    equal("a session", (DONE, b"got hello\n"), (program.returncode, out))
    peer.end()
    os.close(inside)
    os.close(terminal)



def test_progress():
    """On a terminal a long transfer is shown in a line, which goes when the transfer ends."""
    terminal, outside = pty.openpty()
    is_shown = threading.Event()

    def answer(connection):
        is_shown.wait(LIMIT)
        connection.sendall(b"got " + read_all(connection))

    peer = Peer(answer)
    program = subprocess.Popen([FSOCK, "--progress", peer.address], env=ENVIRONMENT, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=outside)
    program.stdin.write(b"hello\n")
    program.stdin.flush()
    shown = b""
    while b" sent" not in shown:
        shown += os.read(terminal, 1000)
    is_shown.set()
    out, _ = program.communicate(timeout=LIMIT)
    os.close(outside)
    equal("a session", (DONE, b"got hello\n"), (program.returncode, out))
    try:
        while part := os.read(terminal, 1000):
            shown += part
    except OSError:  # the other side is closed
        pass
    matches("the terminal", r"(\r[\d.]+ octets sent, [\d.]+ octets received, [^\r]*/s\x1b\[K)+\r\x1b\[K",
            shown.decode())
    peer.end()
    os.close(terminal)


# ---- TLS.

def with_tls(test):
    """Runs a test with a directory of certificates, where TLS is there."""

    def row():
        if "with TLS" not in run("--version")[1].decode():
            print("SKIPPED: the command is built without TLS")
            return
        with tempfile.TemporaryDirectory() as here:
            subprocess.run(["tests/tls/certificates", here], check=True, timeout=LIMIT)
            test(here)

    return row


def server_context(here):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{here}/good.pem", f"{here}/good.key")
    return context


def answer_at_the_end(connection):
    """TLS has no half-close in Python: the line is the end."""
    with connection.makefile("rb", buffering=0) as lines:
        connection.sendall(b"got " + lines.readline())
    connection.unwrap()


@with_tls
def test_tls_server(here):
    context = server_context(here)
    peer = Peer(answer_at_the_end, wrap=lambda connection: context.wrap_socket(connection, server_side=True))
    equal("a session", (DONE, b"got hello\n"),
          run("--tls", "--cafile", f"{here}/ca.pem", f"localhost:{peer.port}", typed="hello\n")[:2])
    peer.end()


@with_tls
def test_tls_not_trusted(here):
    context = server_context(here)
    peer = Peer(read_all, wrap=lambda connection: context.wrap_socket(connection, server_side=True))
    status, out, err = run("--tls", f"localhost:{peer.port}", typed="hello\n")
    equal("a session", (TLS, b""), (status, out))
    matches("the message", ".*certificate.*", err)
    peer.thread.join(LIMIT)


@with_tls
def test_tls_with_a_plain_server(here):
    peer = Peer(lambda connection: connection.sendall(b"220 this is no TLS\r\n"))
    status, out, _ = run("--tls", "--cafile", f"{here}/ca.pem", f"localhost:{peer.port}", typed="hello\n")
    equal("a session", (TLS, b""), (status, out))
    peer.thread.join(LIMIT)


@with_tls
def test_tls_cut(here):
    """Without an end in TLS what has come may be cut: it is shown, and the status tells."""
    context = server_context(here)

    def cut(connection):
        connection.recv(100)
        connection.sendall(b"got hal")

    peer = Peer(cut, wrap=lambda connection: context.wrap_socket(connection, server_side=True))
    status, out, _ = run("--tls", "--no-shutdown", "--cafile", f"{here}/ca.pem", f"localhost:{peer.port}",
                         typed="hello\n")
    equal("what is shown", b"got hal", out)
    equal("the status", TLS, status)
    peer.thread.join(LIMIT)


@with_tls
def test_tls_client(here):
    if not has("openssl"):
        return
    listener = Listener("--tls", "--cert", f"{here}/good.pem", "--key", f"{here}/good.key", stdin=subprocess.PIPE)
    client = subprocess.Popen(["openssl", "s_client", "-quiet", "-CAfile", f"{here}/ca.pem", "-verify_return_error",
                               "-connect", f"127.0.0.1:{listener.port}"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdin.write(b"hello\n")
    client.stdin.flush()
    equal("what the command shows", b"hello\n", listener.program.stdout.readline())
    listener.program.stdin.write(b"welcome\n")
    listener.program.stdin.flush()
    equal("what the client shows", b"welcome\n", client.stdout.readline())
    listener.program.stdin.close()
    listener.program.stdin = None
    client.communicate(timeout=LIMIT)
    listener.end()


main(sys.modules[__name__])
