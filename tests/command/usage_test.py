#!/usr/bin/env python3
"""The command line, and the exit statuses of what fails before anything is said."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile

from support import (DONE, FSOCK, LIMIT, LOCAL, NAME, REFUSED, TIMEOUT, USAGE, Listener, Peer, equal, main, matches,
                     read_all, read_until, run, start, table)


@table(
    ([], "no address"),
    (["--nonsense", "a:1"], ".*nonsense.*"),
    (["-w", "x", "a:1"], "x: not a number of seconds"),
    (["-w", "-1", "a:1"], "-1: not a number of seconds"),
    (["--deadline", "inf", "a:1"], "inf: not a number of seconds"),
    (["-w", "0", "a:1"], "0: a limit of 0 seconds"),
    (["-p", "65536", "a:1"], "65536: not a port"),
    (["-p", "x", "a:1"], "x: not a port"),
    (["-k", "a:1"], "-k: only with -l"),
    (["-z", "-l", "a:1"], "-z: there is nothing to connect"),
    (["-z", "-u", "a:1"], "-z: there is nothing to connect"),
    (["--format", "martian", "a:1"], ".*martian.*"),
    (["-C", "--format", "latin-1", "a:1"], "latin-1: a second format"),
    (["a", "1", "b"], "too many arguments"),
    (["a" * 600, "1"], "the address is too long"),
)
def test_wrong_usage(arguments, words):
    status, out, err = run(*arguments)
    equal("exit status", USAGE, status)
    equal("output", b"", out)
    matches("message", f"(.*\n)?(fsock: )?{words}(; see fsock --help)?\n(fsock: see fsock --help\n)?", err)


@table(
    (["example.org"], "example.org"),
    (["example.org:"], "example.org:"),
    (["::1:80"], "::1:80"),
    (["example.org:http:80"], "example.org:http:80"),
    (["localhost:65536"], "65536"),
    (["localhost:no-such-service"], "no-such-service"),
    (["", "80"], ""),
)
def test_wrong_address(arguments, word):
    """An address that is none is wrong usage; the library's words name what is wrong."""
    status, out, err = run(*arguments)
    equal("exit status", (USAGE, b"", True), (status, out, word in err))


def test_help():
    status, out, err = run("--help")
    equal("exit status", (DONE, ""), (status, err))
    matches("help", "usage: fsock .*", out.decode())
    equal("width", True, max(map(len, out.decode().splitlines())) <= 80)


def test_version():
    status, out, err = run("--version")
    equal("exit status", (DONE, ""), (status, err))
    matches("version", r"fsock \d+\.\d+\.\d+(, with TLS)?\n", out.decode())


def test_unknown_name():
    status, out, err = run("nowhere.invalid:80")
    equal("exit status", (NAME, b""), (status, out))
    matches("message", "fsock: .*nowhere.invalid.*\n", err)


@contextlib.contextmanager
def taken_port(listens=False):
    """A port that nobody else gets, and nobody listens on unless it is said."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        if listens:
            s.listen()
        yield s.getsockname()[1]


@table(([],), (["-z"],))
def test_refused(options):
    with taken_port() as port:
        status, out, err = run(*options, f"127.0.0.1:{port}")
        equal("exit status", (REFUSED, b""), (status, out))
        equal("message", f"fsock: connect to 127.0.0.1 port {port}: Connection refused\n", err)


@table(("",), ("unix:",))
def test_no_socket_file(prefix):
    with tempfile.TemporaryDirectory() as here:
        status, out, err = run(f"{prefix}{here}/none")
        equal("exit status", (REFUSED, b""), (status, out))
        equal("message", f"fsock: connect to {here}/none: No such file or directory\n", err)


def test_address_in_use():
    with taken_port(listens=True) as port:
        status, out, err = run("-l", f"127.0.0.1:{port}")
        equal("exit status", (LOCAL, b""), (status, out))
        matches("message", f"fsock: listen on 127.0.0.1 port {port}: .*\n", err)


def test_scan():
    with taken_port(listens=True) as port:
        equal("an open port", (DONE, b"", ""), run("-z", f"127.0.0.1:{port}", typed="not sent"))
        equal("host and port", (DONE, b"", f"fsock: connected to 127.0.0.1 port {port}\n"),
              run("-zv", "127.0.0.1", port))


def silent(connection):
    """Says nothing until the other end has gone."""
    with contextlib.suppress(ConnectionError):
        read_all(connection)


@table(
    (["-w", "0.3"], "fsock: nothing was sent or received for 0.3 seconds\n"),
    (["--deadline", "0.5"], "fsock: .*\n"),
)
def test_silence(options, message):
    """Limits end a session that would go on."""
    peer = Peer(silent)
    program = start(*options, peer.address)
    equal("exit status", TIMEOUT, program.wait(LIMIT))  # its input has not ended
    matches("message", message, program.stderr.read().decode())
    program.communicate()
    peer.end()


def test_nobody_comes():
    status, out, err = run("-l", "--connect-timeout", "0.3", "127.0.0.1:0")
    equal("exit status", (TIMEOUT, b""), (status, out))
    matches("message", "fsock: accept.*\n", err)


def test_quit_after():
    """Who has nothing more to say waits so long for an answer."""
    peer = Peer(silent)
    equal("an input that has ended", (DONE, b"", ""), run("-q", "0.1", peer.address, typed="hello"))
    peer.end()


def test_closed_standard_streams():
    """A socket must not get the number of one of them."""
    peer = Peer(lambda connection: connection.sendall(read_all(connection) + b"answer\n"))
    command = f'exec {os.environ.get("FSOCK_COMMAND", "build/cc/fsock")} "$0" <&-'
    done = subprocess.run(["sh", "-c", command, peer.address], capture_output=True, timeout=LIMIT)
    equal("without standard input", (DONE, b"answer\n", b""), (done.returncode, done.stdout, done.stderr))
    peer.end()



def test_no_standard_output():
    """What cannot be written is not lost in silence."""
    peer = Peer(lambda connection: connection.sendall(b"an answer\n"))
    program = subprocess.run(["sh", "-c", 'exec "$0" "$1" >&- </dev/null', FSOCK, peer.address], capture_output=True,
                             timeout=LIMIT, check=False)
    equal("status", LOCAL, program.returncode)


def test_trace_cannot_be_written():
    status, _, err = run("--trace=/nonexistent/trace", "127.0.0.1:1")
    equal("status", USAGE, status)
    matches("standard error", ".*/nonexistent/trace: No such file.*", err)


def test_deadline_of_a_listener():
    status, _, _ = run("-l", "--deadline", "0.1", "127.0.0.1:0")
    equal("status", TIMEOUT, status)


def test_socket_file_of_another():
    """Once a listener has its client, the name of its file may be another's."""
    with tempfile.TemporaryDirectory() as here:
        path = f"{here}/socket"
        one = Listener(address=f"unix:{path}")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            read_until(one.program.stderr, "client")
            other = Listener(address=f"unix:{path}")
            one.program.send_signal(signal.SIGINT)
            one.end()
            equal("the file of the other", True, os.path.exists(path))
        other.program.send_signal(signal.SIGINT)
        other.end()
        equal("the file", False, os.path.exists(path))


def test_signal_removes_socket_file():
    with tempfile.TemporaryDirectory() as here:
        listener = Listener(address=f"unix:{here}/s")
        equal("the file is there", True, os.path.exists(f"{here}/s"))
        listener.program.terminate()
        status, out, _ = listener.end()
        equal("exit status", (-15, b""), (status, out))
        equal("the file is gone", False, os.path.exists(f"{here}/s"))


main(sys.modules[__name__])
