#!/usr/bin/env python3
"""The command against other programs. A row whose program is not installed is left out."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile

from support import (DONE, FSOCK, ENVIRONMENT, LIMIT, Listener, Peer, equal, main, read_all)


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
    program = subprocess.Popen([FSOCK, peer.address], env=ENVIRONMENT, stdin=inside, stdout=subprocess.PIPE, stderr=inside)
    os.write(terminal, b"hello\n\x04")
    out, _ = program.communicate(timeout=LIMIT)
    equal("a session", (DONE, b"got hello\n"), (program.returncode, out))
    peer.end()
    os.close(inside)
    os.close(terminal)


main(sys.modules[__name__])
