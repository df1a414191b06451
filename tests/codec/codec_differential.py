#!/usr/bin/env python3
"""Compares the library's codecs with Python's, where both follow the same definition.

usage: codec_differential.py [LIBRARY [SECONDS]]

LIBRARY is the shared library. For each pair of charsets random octets and random text go through both;
the text, the octets, and where the first error is must be the same. Prints what differs.
"""
import ctypes
import random
import sys
import time


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("code_point", ctypes.c_uint32),
                ("offset", ctypes.c_uint64), ("length", ctypes.c_size_t),
                ("octets", ctypes.c_uint8 * 4)]


class Policy(ctypes.Structure):
    _fields_ = [("on_error", ctypes.c_int), ("substitute", ctypes.c_uint32),
                ("ask", ctypes.c_void_p), ("arg", ctypes.c_void_p)]


class Conversion(ctypes.Structure):
    _fields_ = [("charset", ctypes.c_void_p), ("eol", ctypes.c_int),
                ("eol_flags", ctypes.c_uint), ("policy", Policy)]


FAIL, REPLACE = 0, 1

# Ours, Python's, and how far they agree: "all" also in how errors are replaced, "text" in what is
# valid for both, with these code points left out.
PAIRS = [
    ("utf-8", "utf-8", "all", ""), ("us-ascii", "ascii", "all", ""),
    ("utf-16le", "utf-16-le", "text", ""), ("utf-16be", "utf-16-be", "text", ""),
    ("utf-32le", "utf-32-le", "text", ""), ("utf-32be", "utf-32-be", "text", ""),
    ("iso-8859-1", "latin-1", "all", ""), ("gb18030", "gb18030", "text", "gb"),
    ("euc-kr", "cp949", "text", ""), ("shift_jis", "cp932", "text", "jis"),
    ("big5", "big5hkscs", "text", "big5"), ("koi8-r", "koi8-r", "all", ""),
    ("koi8-u", "koi8-u", "text", "koi8u"), ("macintosh", "mac-roman", "all", ""),
    ("ibm866", "cp866", "all", ""),
] + [("iso-8859-%d" % n, "iso8859-%d" % n, "all", "") for n in range(2, 17) if n != 12] + [
    ("ibm%d" % n, "cp%d" % n, "text", "cp") for n in (
        437, 720, 737, 775, 850, 852, 855, 857, 860, 861, 862, 863, 864, 865, 869)] + [
    ("windows-%d" % n, "cp%d" % n, "text", "cp") for n in (1250, 1251, 1252, 1254, 1256)]


class Library:
    def __init__(self, path):
        self.c = c = ctypes.CDLL(path)
        c.fsock_charset_find.restype = ctypes.c_void_p
        for f in (c.fsock_octets_to_string, c.fsock_string_to_octets):
            f.restype = ctypes.c_void_p
            f.argtypes = [ctypes.POINTER(Conversion), ctypes.c_char_p, ctypes.c_size_t,
                          ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(Error)]
        self.libc = ctypes.CDLL(None)
        self.libc.free.argtypes = [ctypes.c_void_p]

    def run(self, function, name, data, on_error):
        """Returns (octets, None) or (None, offset of the error)."""
        how = Conversion(self.c.fsock_charset_find(name.encode()), 0, 0, Policy(on_error))
        assert how.charset, name
        length, error = ctypes.c_size_t(), Error()
        p = function(how, data, len(data), length, error)
        if not p:
            return None, error.offset
        out = ctypes.string_at(p, length.value)
        self.libc.free(p)
        return out, None

    def decode(self, name, data, on_error=FAIL):
        return self.run(self.c.fsock_octets_to_string, name, data, on_error)

    def encode(self, name, text, on_error=FAIL):
        return self.run(self.c.fsock_string_to_octets, name, text.encode("utf-8", "surrogatepass"),
                        on_error)


def random_octets(r):
    kind, n = r.randrange(4), r.randrange(1, 24)
    if kind == 0:
        return r.randbytes(n)
    if kind == 1:
        return bytes(r.choice(b"\x00A0@~\x80\x81\x8e\x8f\xa1\xa4\xc0\xc3"
                              b"\xe0\xe4\xed\xf0\xf4\xfe\xff\xbf")
                     for _ in range(n))
    if kind == 2:
        return "".join(chr(r.choice((65, 0xE4, 0x20AC, 0x4E00, 0xAC00, 0x1F600))) for _ in range(n)
                       ).encode("utf-8")[:r.randrange(1, 4 * n)]
    return bytes(r.randrange(0x80, 256) for _ in range(n))


def random_text(r):
    ranges = ((0, 0x80), (0x80, 0x250), (0x370, 0x700), (0x2000, 0x2700), (0x3000, 0x3100),
              (0x4E00, 0x9FA6), (0xAC00, 0xD7A4), (0x10000, 0x20000))
    return "".join(chr(r.randrange(*r.choice(ranges))) for _ in range(r.randrange(1, 12)))


def skipped(rule, text):
    """True where Python's table is another standard's edition; each rule is a known difference."""
    if rule == "cp":  # holes below A0 are C1 controls here; cp864 has an ASCII percent sign
        return any(0x80 <= ord(c) < 0xA0 or c in "%\u066a" for c in text)
    if rule == "gb":  # 2005 or 2000 editions: private-use code points that have since moved
        return any(0xE000 <= ord(c) < 0xF900 or 0xFE10 <= ord(c) < 0xFE20
                   or 0x9FA6 <= ord(c) < 0xA000
                   or c in "\u1e3f\u20ac\u01f9\u303e" or 0x2FF0 <= ord(c) < 0x3000
                   or 0x2E80 <= ord(c) < 0x2F00 or 0x3400 <= ord(c) < 0x4DC0
                   or 0x20000 <= ord(c) for c in text)
    if rule == "jis":  # half-width and folded signs, user-defined rows, Microsoft's best fits
        return any(0xE000 <= ord(c) < 0xF900 or ord(c) < 0x100 and ord(c) > 0x7F
                   or c in "\u203e\u2212\u2016\u2225\uff0d\u301c\u2014\u2015" for c in text)
    if rule == "big5":  # cells with two places, and HKSCS editions
        return any(ord(c) > 0xFFFF or not (ord(c) < 0x80 or 0x4E00 <= ord(c) < 0x9FA6)
                   or c in "\u5341\u5345\u5f5e\u5f5d" for c in text)
    if rule == "koi8u":  # WHATWG's is KOI8-RU, with the Belarusian letter
        return any(c in "\u045e\u040e\u255d\u256c" for c in text)
    return False


def compare(library, pair, r):
    """One random input; returns None or what differs."""
    ours, theirs, agreement, rule = pair
    octets = random_octets(r)
    try:
        expected = octets.decode(theirs)
    except UnicodeDecodeError as e:
        expected, offset = None, e.start
    got, at = library.decode(ours, octets)
    if expected is not None and not skipped(rule, expected) and not skipped(
            rule, got.decode() if got is not None else ""):
        if got is None or got.decode() != expected:
            return "decode %s: %s, expected %r" % (octets.hex(" "), got, expected)
    if expected is None and agreement == "all":
        if at != offset:
            return "decode %s: error at %s, expected at %d" % (octets.hex(" "), at, offset)
        replaced = library.decode(ours, octets, REPLACE)[0].decode()
        if replaced != octets.decode(theirs, "replace"):
            return "replace %s: %r" % (octets.hex(" "), replaced)
    text = random_text(r)
    if skipped(rule, text):
        return None
    try:
        expected = text.encode(theirs)
    except UnicodeEncodeError as e:
        if agreement == "all":
            at = library.encode(ours, text)[1]
            if at != len(text[:e.start].encode()):
                return "encode %r: error at %s" % (text, at)
        return None
    if rule == "big5" and any(0x80 < c.encode(theirs)[0] < 0xA1 for c in text):
        return None  # WHATWG reads the Hong Kong rows below A1 and does not write them
    if rule == "jis" and any(c.encode(theirs)[0] in (0xED, 0xEE) for c in text):
        return None  # FA to FC in Windows and WHATWG, NEC's rows in Python
    got = library.encode(ours, text)[0]
    return None if got == expected else "encode %r: %s, expected %s" % (text, got, expected)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "build/cc/libfsock.so"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    library, r, end, runs, bad = Library(path), random.Random(1), time.time() + seconds, 0, {}
    while time.time() < end:
        for pair in PAIRS:
            what = compare(library, pair, r)
            runs += 1
            if what:
                bad.setdefault(pair[0], []).append(what)
    for name, whats in bad.items():
        print("%s: %d differences, for instance" % (name, len(whats)))
        for what in whats[:3]:
            print("   ", what)
    print("%d comparisons; charsets: Checks: %d, Failures: %d, Errors: 0" % (
        runs, len(PAIRS), len(bad)))
    sys.exit(1 if bad else 0)


main()
