"""What the tests of the command fsock share. Each test is a table of rows, or functions whose names begin with
"test_"; what they have checked is counted at the end, as tests/tools/run-one reads it."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback

FSOCK = os.environ.get("FSOCK_COMMAND", "build/cc/fsock")
LIMIT = int(os.environ.get("LIMIT", 240))  # seconds that one exchange may take on a busy machine

DONE, USAGE, LOCAL, NAME, REFUSED, TIMEOUT, UNREACHABLE, TLS, LOST, TEXT = range(10)

ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8"}
ENVIRONMENT.pop("FSOCK_TRACE", None)

signal.alarm(590)


def octets(text):
    return text.encode() if isinstance(text, str) else text


def start(*arguments, **others):
    """The command with pipes, but for what `others` says."""
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    return subprocess.Popen([FSOCK, *map(str, arguments)], **{"env": ENVIRONMENT, **pipes, **others})


def run(*arguments, typed=b"", **others):
    """Returns the exit status, and what was written to standard output and standard error."""
    program = start(*arguments, **others)
    out, err = program.communicate(octets(typed), timeout=LIMIT)
    return program.returncode, out, err.decode()


def equal(what, expected, actual):
    if expected != actual:
        raise AssertionError(f"{what}: expected {shorten(expected)}, but got {shorten(actual)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 600 else f"{text[:300]} ... {text[-300:]} ({len(value)})"


def matches(what, pattern, text):
    if not re.fullmatch(pattern, text, re.S):
        raise AssertionError(f"{what}: {text!r} is not like {pattern!r}")


class Peer:
    """A server of one connection, or of several in turn: calls `serve` with each. It listens on 127.0.0.1, or the
    family and address given."""

    def __init__(self, serve, clients=1, family=socket.AF_INET, address=("127.0.0.1", 0), wrap=None):
        self.listener = socket.socket(family)
        self.listener.bind(address)
        self.listener.listen()
        self.serve, self.clients, self.wrap, self.error = serve, clients, wrap, None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.listener.settimeout(LIMIT)
            for _ in range(self.clients):
                connection, self.client = self.listener.accept()
                connection.settimeout(LIMIT)
                with self.wrap(connection) if self.wrap else connection as connection:
                    self.serve(connection)
        except Exception as error:
            self.error = error

    @property
    def address(self):
        name = self.listener.getsockname()
        return name if isinstance(name, str) else f"{name[0]}:{name[1]}"

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def end(self):
        """The server has ended, and well."""
        self.thread.join(LIMIT)
        self.listener.close()
        if self.thread.is_alive() or self.error:
            raise AssertionError(f"the peer: {self.error or 'has not ended'}")


def read_all(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def reset(connection):
    """The connection ends with a reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read_until(stream, pattern):
    """Lines of standard error, until one is like the pattern. Returns the match."""
    seen = ""
    for line in iter(stream.readline, b""):
        seen += line.decode()
        if found := re.search(pattern, line.decode()):
            return found
    raise AssertionError(f"no line like {pattern!r}: {seen!r}")


class Listener:
    """fsock -l, which has said where it listens."""

    def __init__(self, *arguments, address="127.0.0.1:0", **others):
        self.program = start("-v", "-l", *arguments, address, **others)
        where = read_until(self.program.stderr, r"fsock: listening on (\S+)(?: port (\d+))?")
        self.host, self.port = where.group(1), int(where.group(2) or 0)

    @property
    def address(self):
        return self.host, self.port

    def connect(self):
        return socket.create_connection(self.address, LIMIT)

    def end(self, typed=None):
        """Returns what run() returns, without the line that was read."""
        out, err = self.program.communicate(octets(typed), timeout=LIMIT)
        return self.program.returncode, out, err.decode()


def main(module):
    """Runs the tests of a module and tells how many have passed."""
    count = failures = 0
    for name, test in sorted(vars(module).items()):
        if not name.startswith("test_") or not callable(test):
            continue
        for row in getattr(test, "rows", [()]):
            count += 1
            try:
                test(*row)
            except Exception:
                failures += 1
                print(f"{module.__name__}.{name}{row!r} has failed")
                traceback.print_exc(file=sys.stdout)
    print(f"Checks: {count}, Failures: {failures}, Errors: 0")
    sys.stdout.flush()
    os._exit(failures > 0)  # threads of peers that nobody has called may still wait


def table(*rows):
    """The test is run once for each row."""

    def give(test):
        test.rows = rows
        return test

    return give
