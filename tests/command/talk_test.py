#!/usr/bin/env python3
"""What passes between the command and servers and clients of this script's."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from support import (DONE, LIMIT, LOST, REFUSED, TEXT, Listener, Peer, equal, main, matches, read_all,
                     read_until, reset, run, start, table)

MUCH = b"".join(b"line %d\n" % i for i in range(400000))  # more than all buffers on the way hold


def test_request():
    """The end of the input is the end of the request."""
    peer = Peer(lambda connection: connection.sendall(b"got " + read_all(connection)))
    equal("an answer", (DONE, b"got hello", ""), run(peer.address, typed="hello"))
    peer.end()


def test_host_and_port():
    peer = Peer(lambda connection: connection.sendall(b"got " + read_all(connection)))
    equal("an answer", (DONE, b"got ", ""), run("127.0.0.1", peer.port))
    peer.end()


def test_verbose():
    peer = Peer(lambda connection: connection.sendall(b"got " + read_all(connection)))
    equal("what is told", (DONE, b"got hello", f"fsock: connected to 127.0.0.1 port {peer.port}\n"
                           "fsock: 5 octets sent, 9 received\n"), run("-v", peer.address, typed="hello"))
    peer.end()


def test_trace():
    """Every octet, both ways, on standard error or in a file, and nothing else on standard output."""
    expected = (r"[\d.]+ #1 \* try 127.0.0.1 port {0}\n.*#1 \* connected to 127.0.0.1 port {0} .*"
                r"#1 > hello\\n\n.*#1 < got hello\\n\n.*#1 \* end of input\n"
                r".*#1 \* closed: 10 octets received, 6 sent .*\n")
    with tempfile.TemporaryDirectory() as here:
        for option, file in ("--trace", None), (f"--trace={here}/trace", f"{here}/trace"):
            peer = Peer(lambda connection: connection.sendall(b"got " + read_all(connection)))
            status, out, err = run(option, peer.address, typed="hello\n")
            equal("an answer", (DONE, b"got hello\n"), (status, out))
            if file:
                equal("standard error", "", err)
                with open(file) as trace:
                    err = trace.read()
            matches("the trace", expected.format(peer.port), err)
            peer.end()


def answer_line(connection):
    """Answers a line. The input must not have ended by then."""
    line = connection.makefile("rb").readline()
    connection.setblocking(False)
    try:
        ended = connection.recv(1) == b""
    except BlockingIOError:
        ended = False
    connection.sendall(line.upper() if not ended else b"it has ended")


def test_no_shutdown():
    peer = Peer(answer_line)
    equal("an answer", (DONE, b"HELLO\n", ""), run("--no-shutdown", peer.address, typed="hello\n"))
    peer.end()


def echo(connection):
    while part := connection.recv(65536):
        connection.sendall(part)


def no_echo(connection):
    """Says all first, then listens: whoever waits until it has heard before it reads on hangs."""
    connection.sendall(MUCH)
    connection.shutdown(socket.SHUT_WR)
    equal("what was heard", True, read_all(connection) == MUCH)


@table(([],), (["--format", "latin-1"],), (["--format", "utf-16le"],), (["-C"],), (["--trace=/dev/null"],))
def test_much(options):
    peer = Peer(echo)
    status, out, err = run(*options, peer.address, typed=MUCH)
    equal("exit status", (DONE, ""), (status, err))
    equal("what has come back", True, out == MUCH)
    peer.end()


@table((False,), (True,))
def test_both_at_once(is_file):
    peer = Peer(no_echo)
    with tempfile.TemporaryFile() as file:
        program = start(peer.address, stdout=file if is_file else subprocess.PIPE)
        out, err = program.communicate(MUCH, timeout=LIMIT)
        if is_file:
            file.seek(0)
            out = file.read()
    equal("exit status", (DONE, b""), (program.returncode, err))
    equal("what was heard", True, out == MUCH)
    peer.end()


def test_slow_reader():
    """Nobody reads standard output until all of standard input has gone."""
    def both(connection):
        talker = threading.Thread(target=connection.sendall, args=(MUCH,))
        talker.start()
        equal("what was heard", True, read_all(connection) == MUCH)
        talker.join(LIMIT)

    peer = Peer(both)
    program = start(peer.address)
    program.stdin.write(MUCH)  # would hang, if a write to standard output could wait
    program.stdin.close()
    equal("what was heard", True, program.stdout.read() == MUCH)
    equal("exit status", DONE, program.wait(LIMIT))
    program.stderr.close()
    program.stdout.close()
    peer.end()


def test_reader_goes():
    """`fsock ... | head`: the pipe's reader has gone, and the command goes as others do."""
    peer = Peer(lambda connection: connection.sendall(MUCH))
    program = start(peer.address, preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
    equal("a beginning", b"line 0\n", program.stdout.readline())
    program.stdout.close()
    equal("exit status", -signal.SIGPIPE, program.wait(LIMIT))
    program.stdin.close()
    program.stderr.close()


def test_reset():
    def cut(connection):
        connection.recv(1)
        reset(connection)

    peer = Peer(cut)
    status, out, err = run(peer.address, typed=MUCH)
    equal("exit status", (LOST, b""), (status, out))
    matches("message", "fsock: .*\n", err)
    peer.end()


def test_last_words():
    """What a server says before it goes is shown, although not all could be sent."""
    def refuse(connection):
        connection.sendall(b"go away\n")

    peer = Peer(refuse)
    program = start(peer.address)
    equal("last words", b"go away\n", program.stdout.readline())
    peer.end()
    _, err = program.communicate(MUCH, timeout=LIMIT)
    equal("exit status", LOST, program.returncode)
    matches("message", "fsock: .*\n", err.decode())


@table(
    ("latin-1,crlf", "gr\u00fc\u00dfe\n", b"gr\xfc\xdfe\r\n"),
    ("crlf", "gr\u00fc\u00dfe\n", b"gr\xc3\xbc\xc3\x9fe\r\n"),
    ("cr", "a\nb\n", b"a\rb\r"),
    ("utf-16be", "a\u20ac\n", b"\0a\x20\xac\0\n"),
    ("koi8-r", "\u043c\u0438\u0440", b"\xcd\xc9\xd2"),
    ("iso-2022-jp", "\u3042\n", b"\x1b$B$\"\x1b(B\n"),
    ("latin-1,replace=x", "\u00e4x", b"\xe4x"),
)
def test_format(words, text, wire):
    heard = []

    def serve(connection):
        heard.append(read_all(connection))
        connection.sendall(wire)

    peer = Peer(serve)
    equal("what is shown", (DONE, text.encode(), ""), run("--format", words, peer.address, typed=text))
    peer.end()
    equal("what is sent", wire, heard[0])


def test_crlf():
    heard = []
    peer = Peer(lambda connection: (heard.append(read_all(connection)), connection.sendall(b"a\r\nb\r\n")))
    equal("what is shown", (DONE, b"a\nb\n", ""), run("--crlf", peer.address, typed="x\ny\n"))
    peer.end()
    equal("what is sent", b"x\r\ny\r\n", heard[0])


def test_prompt():
    """Half a line is shown at once, also as text."""
    def login(connection):
        connection.sendall(b"login: ")
        connection.sendall(b"hello " + connection.makefile("rb").readline())

    for options in [], ["--format", "latin-1,crlf"]:
        peer = Peer(login)
        program = start(*options, peer.address)
        equal("a prompt", b"login: ", program.stdout.read(7))
        program.stdin.write(b"me\n")
        program.stdin.close()
        equal("an answer", b"hello me\n", program.stdout.read())
        equal("exit status", DONE, program.wait(LIMIT))
        program.stdout.close()
        program.stderr.close()
        peer.end()


@table(
    ("utf-8", b"", b"good\n\xff\nbad\n", b"good\n"),
    ("latin-1", "good\n\u20ac\n".encode(), b"", b""),
)
def test_not_in_the_charset(words, typed, wire, shown):
    def serve(connection):
        try:
            connection.sendall(wire)
            read_all(connection)
        except ConnectionError:
            pass  # which is how it learns

    peer = Peer(serve)
    status, out, err = run("--format", words, peer.address, typed=typed)
    equal("exit status", (TEXT, shown), (status, out))
    matches("message", "fsock: .*\n", err)
    peer.end()


def test_listen():
    listener = Listener()
    listener.program.stdin.write(b"from the command\n")
    listener.program.stdin.flush()
    with listener.connect() as client:
        client.sendall(b"from the client\n")
        client.shutdown(socket.SHUT_WR)
        status, out, err = listener.end()
        equal("what was heard", b"from the command\n", read_all(client))
    equal("a session", (DONE, b"from the client\n"), (status, out))
    matches("what is told", r"fsock: client 127.0.0.1 port \d+\nfsock: 17 octets sent, 16 received\n", err)



def test_listener_sends_all():
    """The end of a client does not cut what a listener has yet to read of its input."""
    listener = Listener()
    with listener.connect() as client:
        client.shutdown(socket.SHUT_WR)
        listener.program.stdin.write(b"first\n")
        listener.program.stdin.flush()
        equal("the first line", b"first\n", client.recv(100))
        status, _, _ = listener.end(typed="second\n")
        equal("the rest", (DONE, b"second\n"), (status, read_all(client)))


def test_datagram_without_text():
    """Of a shift of ISO-2022-JP alone nothing is shown, and nothing ends."""
    listener = Listener("-u", "--format", "iso-2022-jp", stdin=subprocess.PIPE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(listener.address)
        peer.send(b"\x1b(B")
        peer.send(b"text\n")
        equal("what is shown", b"text\n", listener.program.stdout.readline())
    listener.program.kill()
    listener.end()


def test_listen_once():
    """Others are refused from the moment on that one has come."""
    listener = Listener()
    with listener.connect() as client:
        read_until(listener.program.stderr, "fsock: client")
        equal("another", REFUSED, run(f"127.0.0.1:{listener.port}")[0])
        client.sendall(b"x")
    equal("a session", (DONE, b"x"), listener.end()[:2])


def test_listen_many():
    listener = Listener("-k", stdin=subprocess.DEVNULL)
    for i in range(5):
        with listener.connect() as client:
            client.sendall(b"client %d\n" % i)
            client.shutdown(socket.SHUT_WR)
            equal("the end", b"", read_all(client))
            equal("what was heard", b"client %d\n" % i, listener.program.stdout.readline())
    listener.program.terminate()
    equal("exit status", -signal.SIGTERM, listener.end()[0])


def test_listen_after_a_reset():
    """A client that breaks does not end a listener that is to go on."""
    listener = Listener("-k", stdin=subprocess.DEVNULL)
    client = listener.connect()
    read_until(listener.program.stderr, "fsock: client")
    reset(client)
    client.close()
    with listener.connect() as client:
        client.sendall(b"still there\n")
        equal("what was heard", b"still there\n", listener.program.stdout.readline())
    listener.program.terminate()
    listener.end()


def test_two_commands():
    with tempfile.TemporaryFile() as file:
        listener = Listener(stdin=subprocess.DEVNULL, stdout=file)
        equal("the sender", (DONE, b"", ""), run(f"127.0.0.1:{listener.port}", typed=MUCH))
        equal("the receiver", DONE, listener.end()[0])
        file.seek(0)
        equal("what was heard", True, file.read() == MUCH)


@table(("unix:{}/s",), ("{}/s",))
def test_unix(form):
    with tempfile.TemporaryDirectory() as here:
        listener = Listener(address=form.format(here), stdin=subprocess.DEVNULL)
        equal("the sender", (DONE, b"", ""), run(form.format(here), typed="hello\n"))
        equal("the receiver", (DONE, b"hello\n"), listener.end()[:2])
        equal("the file", False, os.path.exists(f"{here}/s"))


def test_bind():
    peer = Peer(lambda connection: connection.sendall(read_all(connection)))
    equal("a session", (DONE, b"x", ""), run("-s", "127.0.0.1", "-4", peer.address, typed="x"))
    equal("the address", "127.0.0.1", peer.client[0])
    peer.end()


def datagram_socket(family=socket.AF_INET, address=("127.0.0.1", 0)):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(LIMIT)
    s.bind(address)
    return s


@table(
    ([], b"hello\n", b"\xe4\r\n", b"\xe4\r\n"),
    (["--format", "latin-1,crlf"], b"hello\r\n", b"\xe4\r\n", b"\xc3\xa4\n"),
)
def test_datagrams(options, heard, said, shown):
    with datagram_socket() as server:
        program = start("-u", "-q", "0", *options, f"127.0.0.1:{server.getsockname()[1]}")
        program.stdin.write(b"hello\n")
        program.stdin.flush()
        datagram, client = server.recvfrom(100)
        equal("a datagram", heard, datagram)
        server.sendto(b"", client)  # is none of the end
        server.sendto(said, client)
        equal("an answer", shown, program.stdout.readline())
        out, err = program.communicate(timeout=LIMIT)
        equal("the end", (DONE, b"", b""), (program.returncode, out, err))


def test_datagrams_refused():
    with datagram_socket() as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        server.close()
        status, out, err = run("-u", "-q", LIMIT, address, typed="hello\n")
    equal("exit status", (REFUSED, b""), (status, out))
    matches("message", "fsock: .*Connection refused\n", err)


def test_listen_for_datagrams():
    """The first who sends something is the client; what others send is ignored."""
    listener = Listener("-u")
    with datagram_socket() as client, datagram_socket() as other:
        client.sendto(b"first\n", listener.address)
        equal("a datagram", b"first\n", listener.program.stdout.readline())
        other.sendto(b"other\n", listener.address)
        client.sendto(b"second\n", listener.address)
        equal("a datagram", b"second\n", listener.program.stdout.readline())
        listener.program.stdin.write(b"answer\n")
        listener.program.stdin.flush()
        equal("an answer", b"answer\n", client.recv(100))
    listener.program.terminate()
    equal("exit status", (-signal.SIGTERM, b""), listener.end()[:2])


def test_large_datagram():
    listener = Listener("-u", "--format", "latin-1")
    with datagram_socket() as client:
        client.sendto(b"\xe4" * 40000, listener.address)
        equal("a datagram", b"\xc3\xa4" * 40000, listener.program.stdout.read(80000))
    listener.program.terminate()
    listener.end()


def wait_is_idle(program):
    """Whether a program that waits uses no processor: two samples of its time are the same, soon."""
    def used():
        with open(f"/proc/{program.pid}/stat") as stat:
            return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))

    event = threading.Event()
    for _ in range(100):
        before = used()
        event.wait(1)
        if used() == before:
            return True
    return False


def test_no_busy_waiting():
    """The peer does not read, and nobody reads standard output, whose other side has hung up meanwhile."""
    if not os.path.exists("/proc/self/stat"):
        return
    event = threading.Event()

    def fill(connection):
        connection.sendall(b"x" * 100000)
        event.wait(LIMIT)
        read_all(connection)

    peer = Peer(fill)
    read, write = os.pipe()
    program = start(peer.address, stdin=read)
    os.close(read)
    threading.Thread(target=lambda: (os.write(write, b"x" * 65536), os.close(write)), daemon=True).start()
    equal("it waits", True, wait_is_idle(program))
    event.set()
    equal("what is shown", b"x" * 100000, program.stdout.read())
    equal("exit status", DONE, program.wait(LIMIT))
    peer.end()


main(sys.modules[__name__])
