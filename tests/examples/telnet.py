"""Types at a terminal that a program, the argument, has as its standard input and output. The server is this
script's, too. What each side has seen is printed."""

import os
import pty
import signal
import socket
import subprocess
import sys
import termios

signal.alarm(300)


def read_until(text):
    """What the program prints up to there: the terminal shows nothing of what is typed."""
    seen = b""
    while text.encode() not in seen:
        seen += os.read(terminal, 4096)
    return seen.decode()


def say(text):
    lines.write(text)
    lines.flush()


def start():
    return subprocess.Popen([sys.argv[1], "127.0.0.1:%d" % listener.getsockname()[1]], stdin=inside, stdout=inside)


terminal, inside = pty.openpty()
modes = termios.tcgetattr(inside)
modes[1] &= ~termios.OPOST
modes[3] &= ~termios.ECHO
termios.tcsetattr(inside, termios.TCSANOW, modes)
listener = socket.create_server(("127.0.0.1", 0))
program = start()
server = listener.accept()[0]
lines = server.makefile("rw", encoding="utf-8", newline="\n")

# The server speaks first, without being asked, and while a line is being typed.
say("welcome\n")
print("terminal:", read_until("welcome\n"), end="")
os.write(terminal, b"half a ")
say("an interruption\n")
print("terminal:", read_until("interruption\n"), end="")
os.write(terminal, b"line\n")
print("server:", lines.readline(), end="")
say("first answer\nsecond answer\n")
print("terminal:", read_until("second answer\n"), end="")

# ^D ends the input, and the output side of the connection; what the server says then is still printed.
os.write(terminal, b"last line\n\x04")
print("server:", lines.readline(), end="")
print("server:", repr(lines.readline()))
say("good bye\n")
print("terminal:", read_until("good bye\n"), end="")
lines.close()
server.close()
print("exit status:", program.wait())

# The server may end first, whatever the keyboard does.
program = start()
server = listener.accept()[0]
server.sendall(b"not today\n")
server.close()
print("terminal:", read_until("not today\n"), end="")
print("exit status:", program.wait())
