"""Clients of a chat over TLS on the port given, with ca.pem of the directory given: three that talk, one that says
nothing, one that does not speak TLS, and one that is gone in the middle."""

import socket
import ssl
import sys

directory, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context(cafile=f"{directory}/ca.pem")


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=100)


def talker():
    s = context.wrap_socket(connect(), server_hostname="localhost")
    return s, s.makefile("rw", newline="\n")


def say(stream, *lines):
    stream.write("".join(line + "\n" for line in lines))
    stream.flush()


silent = connect()  # has number 1, and others are served meanwhile
half = connect()  # number 2
half.sendall(b"\x16\x03\x01\x02")
clear = connect()  # number 3
clear.sendall(b"hello in clear\n")
while clear.recv(100):
    pass
ann, ann_stream = talker()
bob, bob_stream = talker()
say(ann_stream, "hello", "I am ann")
heard = [bob_stream.readline(), bob_stream.readline()]
assert heard == ["4: hello\n", "4: I am ann\n"], heard
eve, eve_stream = talker()
say(eve_stream, "one\ntwo\nthree")  # one record, three lines
heard = [ann_stream.readline() for _ in range(3)] + [bob_stream.readline() for _ in range(3)]
assert heard == ["6: one\n", "6: two\n", "6: three\n"] * 2, heard
bob.sendall(b"half a ")
eve = socket.socket(fileno=eve.detach())
eve.settimeout(100)
eve.shutdown(socket.SHUT_WR)  # TLS has not said so
while eve.recv(100):
    pass
say(ann_stream, "anybody there?")
assert bob_stream.readline() == "4: anybody there?\n"
bob.sendall(b"line\n")
assert ann_stream.readline() == "5: half a line\n"
ann.unwrap().close()
bob.unwrap().close()
silent.close()
half.close()
