"""An IRC server over TLS for one client, with good.pem of the directory given: it repeats what it is told, as if
somebody else had said it. With a second argument it says that the name is taken."""

import socket
import ssl
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/good.pem", f"{sys.argv[1]}/good.key")
listener = socket.create_server(("127.0.0.1", 0))
print("port", listener.getsockname()[1], flush=True)
client = context.wrap_socket(listener.accept()[0], server_side=True)


def say(*lines):
    client.sendall("".join(line + "\r\n" for line in lines).encode())


nick = joined = None
for line in client.makefile(encoding="utf-8", newline="\r\n"):
    command, _, rest = line.rstrip("\r\n").partition(" ")
    if command == "NICK":
        nick = rest
    elif command == "USER" and len(sys.argv) > 2:
        say(f":here 433 * {nick} :Nickname is already in use")
        break
    elif command == "USER":
        say(":here NOTICE * :*** Looking", f":here 001 {nick} :Welcome")
    elif command == "JOIN":
        say(f":{nick}!u@h JOIN :{rest}", f":here 353 {nick} = {rest} :eve {nick}", "PING :are you there")
        joined = rest
    elif command == "PONG" and rest == ":are you there":
        say(f":here 366 {nick} {joined} :End of NAMES")
    elif command == "PRIVMSG":
        say(f":eve!u@h PRIVMSG {rest}")
    elif command == "QUIT":
        say("ERROR :closing")
        break
try:
    client.unwrap().close()
except (ssl.SSLError, ConnectionError):  # who has given up just ends
    pass
