#!/usr/bin/env python3
"""Makes src/codec/charsets.c and the tables of src/codec/tables from the WHATWG indexes.

usage: make_tables.py DIRECTORY OUTPUT

DIRECTORY holds index-*.txt and encodings.json of whatwg/encoding at COMMIT; the code pages that
the standard lacks come from Python's codecs. OUTPUT is src/codec.
"""
import json
import os
import sys

COMMIT = "a985b62a9b45c17da3e17a9f0a0b4e30c34c4a8a"

# name: where its upper half comes from (an index, or a codec of Python).
ONE_OCTET = {"us-ascii": None, "x-user-defined": None}
for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16):
    ONE_OCTET["iso-8859-%d" % n] = "index-iso-8859-%d.txt" % n
for n in (9, 11):
    ONE_OCTET["iso-8859-%d" % n] = "iso8859-%d" % n
for n in (437, 720, 737, 775, 850, 852, 855, 857, 860, 861, 862, 863, 864, 865, 869):
    ONE_OCTET["ibm%d" % n] = "cp%d" % n
for n in ["windows-%d" % n for n in (874, *range(1250, 1259))] + [
        "ibm866", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic"]:
    ONE_OCTET[n] = "index-%s.txt" % n

# Charsets that have functions of their own; charset.h declares them. utf-16 and utf-32 are in the
# machine's octet order.
OTHERS = ["utf-8", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be", "iso-8859-1",
          "gbk", "x-gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "replacement"]

# All that have a table; iso-8859-8-i has that of iso-8859-8.
ONES = [*sorted(ONE_OCTET), "iso-8859-8-i"]

# Where WHATWG's label and flexi-streams' name disagree, or one of them is silent: name -> charset.
ALIASES = {
    "utf8": "utf-8", "cp65001": "utf-8",
    "utf16le": "utf-16le", "utf16be": "utf-16be", "ucs2le": "utf-16le", "ucs2be": "utf-16be",
    "ucs-2le": "utf-16le", "ucs-2be": "utf-16be",
    "utf-16": "utf-16", "utf16": "utf-16", "ucs2": "utf-16", "ucs-2": "utf-16",
    "unicode": "utf-16",
    "utf32le": "utf-32le", "utf32be": "utf-32be", "utf-32le": "utf-32le", "utf-32be": "utf-32be",
    "ucs-4le": "utf-32le", "ucs-4be": "utf-32be", "ucs4le": "utf-32le", "ucs4be": "utf-32be",
    "utf-32": "utf-32", "utf32": "utf-32", "ucs4": "utf-32", "ucs-4": "utf-32",
    "us-ascii": "us-ascii", "ascii": "us-ascii", "ansi_x3.4-1968": "us-ascii",
    "latin-0": "iso-8859-15", "latin0": "iso-8859-15", "latin9": "iso-8859-15",
    "latin5": "iso-8859-9", "latin7": "iso-8859-13", "latin8": "iso-8859-14",
    "latin10": "iso-8859-16", "thai": "iso-8859-11", "koi8r": "koi8-r", "koi8u": "koi8-u",
    "mac-roman": "macintosh", "macos-roman": "macintosh", "macroman": "macintosh",
    "mac-cyrillic": "x-mac-cyrillic",
    "gbk": "gbk", "gb2312": "gbk", "cp936": "gbk", "cp932": "shift_jis", "cp949": "euc-kr", "uhc": "euc-kr",
    "cp437": "ibm437", "437": "ibm437", "eucjp": "euc-jp", "euckr": "euc-kr", "gb-18030": "gb18030",
    "windows-936": "gbk", "windows-932": "shift_jis", "big-5": "big5", "tis620": "windows-874",
}
for i, n in enumerate((1, 2, 3, 4), 1):
    ALIASES["latin-%d" % i] = ALIASES["latin%d" % i] = "iso-8859-%d" % n
for i, n in ((5, 9), (6, 10), (7, 13), (8, 14), (9, 15), (10, 16)):
    ALIASES["latin-%d" % i] = "iso-8859-%d" % n
for n in (1, 9, 11):
    for form in ("iso-8859-%d", "iso8859-%d", "iso8859%d", "iso_8859-%d"):
        ALIASES[form % n] = "iso-8859-%d" % n
for label in "cp819 csisolatin1 ibm819 iso-ir-100 iso_8859-1:1987 l1".split():
    ALIASES[label] = "iso-8859-1"
for label in "csisolatin5 iso-ir-148 iso_8859-9:1989 l5".split():
    ALIASES[label] = "iso-8859-9"

# The standard's GBK reads two cells otherwise than flexi-streams' gbk: see gb18030.c.
WHATWG = dict.fromkeys("chinese csgb2312 csiso58gb231280 gb_2312 gb_2312-80 iso-ir-58 x-gbk".split(),
                       "x-gbk")

CODE_PAGES = {932: "shift_jis", 936: "gbk", 949: "euc-kr", 65001: "utf-8", 866: "ibm866",
              874: "windows-874", 1200: "utf-16le", 1201: "utf-16be", 20127: "us-ascii",
              819: "iso-8859-1", 20866: "koi8-r", 21866: "koi8-u", 54936: "gb18030",
              10000: "macintosh", 10007: "x-mac-cyrillic", 12000: "utf-32le", 12001: "utf-32be",
 51932: "euc-jp", 50220: "iso-2022-jp"}


def index(directory, name):
    """pointer -> code point, as the standard's index files list them."""
    table = {}
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                pointer, code = line.split()[:2]
                table[int(pointer)] = int(code, 16)
    return table


def from_python(codec):
    """Upper half of a codec of Python; holes in the C1 range are that control character."""
    table = {}
    for octet in range(128, 256):
        text = bytes([octet]).decode(codec, "ignore")
        if text:
            table[octet - 128] = ord(text)
        elif octet < 160 and codec.startswith("cp"):
            table[octet - 128] = octet
    return table


def upper_half(directory, name):
    source = ONE_OCTET[name]
    if name == "us-ascii":
        return {}
    if name == "x-user-defined":
        return {i: 0xF780 + i for i in range(128)}
    if source.startswith("index-"):
        return index(directory, source)
    return from_python(source)


def form(c):
    """FSOCK__FORM of kernels.h."""
    utf8 = chr(c).encode()
    return int.from_bytes(utf8, "little") | len(utf8) << 24


def c_name(name):
    return name.replace("-", "_")


class Out:
    def __init__(self, output, name, what, license="LICENSE.WHATWG beside this file",
                 headers=("../../base/compat.h", "tables.h")):
        self.path = os.path.join(output, name)
        self.lines = [
            "/* Made by tools/make_tables.py from whatwg/encoding %s. */" % COMMIT,
            "/* Data of the WHATWG indexes: BSD-3-Clause, see %s. */" % license,
            "", "/* %s */" % what, "",
        ]
        for header in headers:
            self.lines += ['#include "%s"' % header, ""]

    def numbers(self, values):
        row = ""
        for v in values:
            item = "%d," % v
            if len(row) + len(item) > 92:
                self.lines.append("\t" + row)
                row = ""
            row += item
        if row:
            self.lines.append("\t" + row)

    def array(self, kind, name, values, static=False):
        self.lines.append("%sconst %s %s[%d] = {" % (
            "static " if static else "", kind, name, len(values)))
        self.numbers(values)
        self.lines += ["};", ""]

    def items(self, kind, name, items):
        self.lines += ["const %s %s[] = {" % (kind, name)]
        self.lines += ["\t%s," % item for item in items]
        self.lines += ["};", ""]

    def close(self):
        with open(self.path, "w", encoding="ascii") as f:
            f.write("\n".join(self.lines).rstrip() + "\n")


def one_octet(directory, output):
    out = Out(output, "tables/tables_one_octet.c", "One-octet charsets, both ways (kernels.h).")
    out.lines.append("const uint32_t fsock__to_utf8[%d][256] = {" % len(ONE_OCTET))
    octets = {}
    for name in sorted(ONE_OCTET):
        codes = {i: i for i in range(128)}
        codes.update({i + 128: c for i, c in upper_half(directory, name).items()})
        out.lines.append("\t{ /* %s */" % name)
        out.numbers([form(codes[i]) if i in codes else 0 for i in range(256)])
        out.lines.append("\t},")
        octets[name] = {codes[i]: i for i in sorted(codes, reverse=True)}
    out.lines += ["};", ""]
    reverses = [reverse(out, c_name(name), octets[name]) for name in octets]
    out.items("struct fsock__reverse", "fsock__from_utf8", reverses)
    out.close()


def reverse(out, name, octet):
    """The struct fsock__reverse of a charset, whose arrays it writes."""
    groups, pages, top = [[0] * 16], [[0] * 64], [0] * 64
    for code in sorted(octet):
        g = top[code >> 10]
        if g == 0:
            g = top[code >> 10] = len(groups)
            groups.append([0] * 16)
        p = groups[g][code >> 6 & 15]
        if p == 0:
            p = groups[g][code >> 6 & 15] = len(pages)
            pages.append([0] * 64)
        pages[p][code & 63] = octet[code]
    out.array("uint8_t", "top_" + name, top, static=True)
    out.array("uint8_t", "groups_" + name, sum(groups, []), static=True)
    out.array("uint8_t", "pages_" + name, sum(pages, []), static=True)
    return "{ top_%s, groups_%s, pages_%s }" % (name, name, name)


def reverse_pairs(out, name, pairs):
    """A two-step table over the BMP: code point >> 6 picks a page of 64 octet pairs; 0 = none."""
    pages, top = [[0] * 64], [0] * 1024
    for code, value in sorted(pairs.items()):
        assert code < 0x10000 and 0 < value < 0x10000, (code, value)
        if top[code >> 6] == 0:
            top[code >> 6] = len(pages)
            pages.append([0] * 64)
        pages[top[code >> 6]][code & 63] = value
    # Pages overlap where the end of one equals the beginning of the next.
    flat, start = [], []
    for page in pages:
        cut = 64
        while cut and flat[len(flat) - cut:] != page[:cut] or cut > len(flat):
            cut -= 1
        start.append(len(flat) - cut)
        flat += page[cut:]
    assert len(flat) < 65536
    out.array("uint16_t", "top_" + name, [start[p] for p in top], static=True)
    out.array("uint16_t", "pages_" + name, flat, static=True)
    out.lines += ["const struct fsock__pairs fsock__pairs_%s = {" % name,
                  "\ttop_%s, pages_%s," % (name, name), "};", ""]


def dense(table, first=0, mask=0xFFFF):
    return [table.get(p, 0) & mask for p in range(first, max(table) + 1)]


def first_pointers(table, skip=lambda p: False):
    found = {}
    for pointer in sorted(table):
        if not skip(pointer):
            found.setdefault(table[pointer], pointer)
    return found


def gb18030(directory, output):
    table = index(directory, "index-gb18030.txt")
    out = Out(output, "tables/tables_gb18030.c", "gb18030 and GBK.")
    # Rows of 191 with a hole at trail 7F. A3 A0 is a hole as well: gb18030.c knows about it.
    assert table[6555] == 0x3000
    out.array("uint16_t", "fsock__gb18030_codes", dense({
        p + p // 190 + (p % 190 >= 0x3F): c for p, c in table.items() if p != 6555}))

    def octets(p):
        trail = p % 190
        return (p // 190 + 0x81) << 8 | trail + (0x40 if trail < 0x3F else 0x41)
    # The euro sign, which GBK writes in its own way, is left out of this one.
    reverse_pairs(out, "gb18030", {
        c: octets(p) for c, p in first_pointers(table).items() if c != 0x20AC})
    ranges = index(directory, "index-gb18030-ranges.txt")
    assert ranges.pop(189000) == 0x10000
    out.array("uint16_t", "fsock__gb18030_range_pointers", sorted(ranges))
    out.array("uint16_t", "fsock__gb18030_range_codes", [ranges[p] for p in sorted(ranges)])
    out.lines += ["const size_t fsock__gb18030_ranges = %d;" % len(ranges), ""]
    out.close()


def euc_kr(directory, output):
    table = index(directory, "index-euc-kr.txt")
    out = Out(output, "tables/tables_euc_kr.c", "EUC-KR with the extensions of windows-949.")
    out.array("uint16_t", "fsock__euc_kr_codes", dense({126 * 190 - 1: 0, **table}))
    reverse_pairs(out, "euc_kr", {
        c: (p // 190 + 0x81) << 8 | p % 190 + 0x41 for c, p in first_pointers(table).items()})
    out.close()


def big5(directory, output):
    table = index(directory, "index-big5.txt")
    first = min(table)
    assert first == 942 and not set(table) & {1133, 1135, 1164, 1166}
    out = Out(output, "tables/tables_big5.c", "Big5 with the Hong Kong extensions.")
    # Surrogates stand for the code points of plane 2, by their place in the sorted list of those.
    high = sorted({c for c in table.values() if c > 0xFFFF})
    assert len(high) <= 2048 and all(c >> 16 == 2 for c in high)
    assert not any(0xD800 <= c < 0xE000 for c in table.values())
    place = {c: 0xD800 + i for i, c in enumerate(high)}
    out.array("uint16_t", "fsock__big5_codes",
              dense({p: place.get(c, c) for p, c in table.items()}, first))
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    out.array("uint16_t", "fsock__big5_columns",
              [trails.index(t) if t in trails else 0x8000 for t in range(256)])

    def octets(p):
        trail = p % 157
        return (p // 157 + 0x81) << 8 | trail + (0x40 if trail < 0x3F else 0x62)
    found = first_pointers(table, lambda p: p < (0xA1 - 0x81) * 157)
    last = {table[p]: p for p in sorted(table) if p >= (0xA1 - 0x81) * 157}
    for code in (0x2550, 0x255E, 0x2561, 0x256A, 0x5341, 0x5345):
        found[code] = last[code]
    reverse_pairs(out, "big5", {c: octets(p) for c, p in found.items() if c < 0x10000})
    out.array("uint16_t", "fsock__big5_high_codes", [c & 0xFFFF for c in high])
    out.array("uint16_t", "fsock__big5_high_pairs", [octets(found[c]) if c in found else 0 for c in high])
    out.lines += ["const size_t fsock__big5_high = %d;" % len(high), ""]
    out.close()


def jis(directory, output):
    table = index(directory, "index-jis0208.txt")
    out = Out(output, "tables/tables_jis.c", "JIS X 0208 as Windows has it, and JIS X 0212.")
    out.array("uint16_t", "fsock__jis0208_codes", dense(table))
    # The pairs are those of Shift_JIS, which does not write the pointers of NEC's rows 89 to 92; the
    # others write those characters by these pointers, found by IBM's.
    found = first_pointers(table)
    shift_jis = first_pointers(table, lambda p: 8272 <= p <= 8835)
    assert max(found.values()) < 94 * 94
    again = [0] * (len(dense(table)) - 10716)
    for code, pointer in shift_jis.items():
        if found[code] != pointer:
            again[pointer - 10716] = found[code]
    assert all(p < 10716 or again[p - 10716] for p in shift_jis.values())

    def octets(p):
        lead, trail = divmod(p, 188)
        return (lead + (0x81 if lead < 0x1F else 0xC1)) << 8 | trail + (
            0x40 if trail < 0x3F else 0x41)
    reverse_pairs(out, "shift_jis", {c: octets(p) for c, p in shift_jis.items()})
    out.array("uint16_t", "fsock__jis0208_again", again)
    table = index(directory, "index-jis0212.txt")
    out.array("uint16_t", "fsock__jis0212_codes", dense(table))
    katakana = index(directory, "index-iso-2022-jp-katakana.txt")
    assert sorted(katakana) == list(range(63))
    out.array("uint16_t", "fsock__wide_katakana", [katakana[i] for i in range(63)])
    out.close()


def names(directory):
    """name -> charset, and code page -> charset."""
    known = {}
    with open(os.path.join(directory, "encodings.json"), encoding="utf-8") as f:
        for heading in json.load(f):
            for encoding in heading["encodings"]:
                for label in encoding["labels"]:
                    known[label] = WHATWG.get(label, encoding["name"].lower())
    for name in ONE_OCTET:
        known[name] = name
        if name.startswith("windows-"):
            known["cp" + name[8:]] = name
        if name.startswith("ibm"):
            known["cp" + name[3:]] = known[name[3:]] = name
    known.update(ALIASES)
    known["iso-8859-8-i"] = "iso-8859-8-i"
    pages = {int(n[3:]): n for n in ONE_OCTET if n.startswith("ibm")}
    pages.update({n: "windows-%d" % n for n in range(1250, 1259)})
    pages.update(CODE_PAGES)
    for number, name in pages.items():
        if number < 2000 and number != 936 or number in (936, 932, 949):
            for form_ in ("code-page-%d", "codepage-%d", "ibm%d", "cp%d"):
                known.setdefault(form_ % number, name)
    assert all(name == name.lower() and name.isascii() for name in known)
    assert set(known.values()) == set(ONES) | set(OTHERS)
    return known, pages


ONE_OCTET_MACRO = r"""
#define ONE_OCTET(id, text, i)                                          \
	static const struct fsock_charset id = {                        \
		.name = text,                                           \
		.ops = &fsock__one_octet_ops,                           \
		.to_utf8 = fsock__to_utf8[i],                           \
		.from_utf8 = &fsock__from_utf8[i],                      \
		.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET, \
		.minimum = 1,                                           \
		.maximum = 1,                                           \
	}
"""


def address(name):
    return "&" + c_name(name) if name in ONES else "&fsock__charset_" + c_name(name)


def charsets(directory, output):
    known, pages = names(directory)
    out = Out(output, "charsets.c", "The one-octet charsets, and all charsets in lists.",
              "tables/LICENSE.WHATWG", ("../base/compat.h", "charset.h", "tables/tables.h"))
    out.lines += ONE_OCTET_MACRO.strip().split("\n") + [""]
    for name in ONES:
        table = sorted(ONE_OCTET).index(name.removesuffix("-i"))
        out.lines.append('ONE_OCTET(%s, "%s", %d);' % (c_name(name), name, table))
    out.lines.append("")
    for kind, name, items in (
            ("struct fsock_charset *const", "charsets", [address(n) for n in OTHERS + ONES]),
            ("struct fsock__name", "names", ['{ "%s", %s }' % (n, address(known[n])) for n in sorted(known)]),
            ("struct fsock__page", "pages", ["{ %d, %s }" % (n, address(pages[n])) for n in sorted(pages)])):
        out.items(kind, "fsock__" + name, items)
        out.lines += ["const size_t fsock__%s_count = FSOCK__COUNT(fsock__%s);" % (name, name), ""]
    out.close()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    directory, output = sys.argv[1:]
    for make in (one_octet, gb18030, euc_kr, big5, jis, charsets):
        make(directory, output)


main()
