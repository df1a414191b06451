#!/usr/bin/env python3
"""The command in locales other than UTF-8: what is typed and shown has the charset of the locale."""

import os
import shutil
import subprocess
import sys
import tempfile

from support import DONE, ENVIRONMENT, LIMIT, Peer, equal, main, read_all, run, table


def locale(name, charmap, here):
    """The variables of a locale that is made for the test, or of the C locale; None if it cannot be made."""
    if name == "C":
        return {**ENVIRONMENT, "LC_ALL": "C"}
    command = ["localedef", "-c", "-i", name, "-f", charmap, os.path.join(here, "test")]
    if not shutil.which("localedef") or subprocess.run(command, capture_output=True, timeout=LIMIT).returncode > 1:
        return None
    if not os.path.isdir(os.path.join(here, "test")):
        return None
    return {**ENVIRONMENT, "LOCPATH": here, "LC_ALL": "test"}


@table(
    # Without a charset octets pass unchanged, whatever the locale.
    ("C", "", None, b"gr\xc3\xbc\xff\n", b"gr\xc3\xbc\xff\n"),
    ("en_US", "ISO-8859-1", None, b"gr\xc3\xbc\xff\n", b"gr\xc3\xbc\xff\n"),
    # The locale C counts as UTF-8.
    ("C", "", "latin-1,crlf", b"gr\xc3\xbc\xc3\x9fe\n", b"gr\xfc\xdfe\r\n"),
    ("en_US", "ISO-8859-1", "utf-8", b"gr\xfc\xdfe\n", b"gr\xc3\xbc\xc3\x9fe\n"),
    ("en_US", "ISO-8859-1", "latin-1,crlf", b"gr\xfc\xdfe\n", b"gr\xfc\xdfe\r\n"),
    ("en_US", "ISO-8859-1", "utf-16be", b"\xe9\n", b"\0\xe9\0\n"),
    ("en_US", "ISO-8859-15", "utf-8", b"\xa4\n", b"\xe2\x82\xac\n"),
)
def test_locale(name, charmap, words, text, wire):
    heard = []

    def serve(connection):
        heard.append(read_all(connection))
        connection.sendall(wire)

    with tempfile.TemporaryDirectory() as here:
        environment = locale(name, charmap, here)
        if environment is None:
            print(f"SKIPPED: no locale {name}.{charmap} can be made")
            return
        peer = Peer(serve)
        options = [] if words is None else ["--format", words]
        result = run(*options, peer.address, typed=text, env=environment)
        peer.end()
    equal("what is shown", (DONE, text, ""), result)
    equal("what is sent", wire, heard[0])


def test_not_in_the_locale():
    """A character that the locale lacks is shown as a question mark."""
    def serve(connection):
        read_all(connection)
        connection.sendall("a\u20acb\n".encode())

    with tempfile.TemporaryDirectory() as here:
        environment = locale("en_US", "ISO-8859-1", here)
        if environment is None:
            print("SKIPPED: no locale can be made")
            return
        peer = Peer(serve)
        equal("what is shown", (DONE, b"a?b\n", ""), run("--format", "utf-8", peer.address, env=environment))
        peer.end()


main(sys.modules[__name__])
