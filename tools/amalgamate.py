#!/usr/bin/env python3
"""
Writes the library as two files, fsock.c and fsock.h, which a program compiles with its own.

    tools/amalgamate.py DIRECTORY

The sources stay as they are: each file's own names (static functions and objects, tags, types, enumeration
constants, macros) get the file's name in front of them, as two files may use one name; what begins with
fsock__ becomes static, as only the program's own functions are to be seen outside. Files come in the order of
their arrows (tests/tools/arrows), so that objects are defined before they are used. What cannot be done this
way is an error here, or one of the compiler's: nothing is guessed.

FSOCK_NO_... leaves a part out: its files, its declarations in fsock.h, and the rows that name it in tables.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
INCLUDE = ROOT / "include"

# A part: its files, as patterns below src, and what else its rows in tables name.
PARTS = {
    "FSOCK_NO_SERVER": (["server/*"], None),
    "FSOCK_NO_RELAY": (["relay/*"], None),
    "FSOCK_NO_NAMES": (["net/names.c", "net/host.c", "sock/name_lookup.c"], None),
    "FSOCK_NO_CJK": (["codec/big5.*", "codec/euc_*", "codec/gb18030.*", "codec/shift_jis.*", "codec/iso2022jp.*",
                      "codec/jis.*", "codec/pairs.*", "codec/tables/tables_big5.c", "codec/tables/tables_euc_kr.c",
                      "codec/tables/tables_gb18030.c", "codec/tables/tables_jis.c"], None),
    "FSOCK_NO_CODE_PAGES": (["codec/tables/tables_one_octet.c"], r"ONE_OCTET\((\w+), \""),
}

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<directive>^[ \t]*\#(?:[^\n\\/]|/(?!\*)|\\\n|\\[^\n]|/\*.*?\*/)*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
  | (?P<space>\s+)
  | (?P<mark>->|\.\.\.|.)
""", re.X | re.S | re.M)
NEITHER = {"__attribute__", "_Alignas", "_Atomic", "_Static_assert"}  # NAME(...) that declares nothing
MEMBER_OF = r"(offsetof|_owner)\([^()]*$"  # a call whose last argument is a member
ROW = r"\{.*\},|&\w+,|\w*ONE_OCTET\(.*\);"  # what may be left out of a file with a part
TAGGED = {"struct", "union", "enum"}


class Trouble(Exception):
    pass


def tokens_of(text):
    return [(match.lastgroup, match.group()) for match in TOKEN.finditer(text)]


def significant(tokens):
    return [text for kind, text in tokens if kind not in ("comment", "directive", "space")]


def items_of(tokens):
    """The declarations and definitions of a file, as (first token, behind the last)."""
    start, depth, marks = None, 0, []
    for i, (kind, text) in enumerate(tokens):
        if kind in ("comment", "directive", "space"):
            continue
        if start is None:
            start, marks = i, []
        depth += text in ("(", "{", "[") and kind == "mark"
        if depth == 1 and text == "{":
            is_body = marks[-1:] == [")"] and "=" not in marks
        depth -= text in (")", "}", "]") and kind == "mark"
        if depth == 0:
            marks.append(text)
        if depth == 0 and (text == ";" or (text == "}" and is_body)):
            yield start, i + 1
            start = None
    if start is not None:
        raise Trouble("a declaration without an end")


def group_end(words, i):
    """Behind the group of parentheses, brackets or braces that begins at i."""
    depth = 0
    for j in range(i, len(words)):
        depth += (words[j] in ("(", "[", "{")) - (words[j] in (")", "]", "}"))
        if depth == 0:
            return j + 1
    raise Trouble("unbalanced: " + " ".join(words[:12]))


def declared(words):
    """(names, whether it is a function) of one declaration."""
    names, last, i = [], None, 0
    if words[0] == "_Static_assert":
        return [], False
    while i < len(words):
        word = words[i]
        if word == "(" and words[i + 1] == "*":
            names.append(next(w for w in words[i + 2:] if re.match(r"[A-Za-z_]", w)))
            i = group_end(words, i)
            if words[i] == "(":
                i = group_end(words, i)
            last = None
            continue
        if word == "(" and last is not None and last not in NEITHER:
            return [last], True
        if word in ("(", "[", "{"):
            i = group_end(words, i)
            continue
        if word in (",", ";", "=") and last is not None:
            names.append(last)
            last = None
        if word == "=":
            while words[i] not in (",", ";"):
                i = group_end(words, i) if words[i] in ("(", "[", "{") else i + 1
            continue
        if word in TAGGED and re.match(r"[A-Za-z_]", words[i + 1]):
            i += 1  # a tag is no declarator
        elif word not in TAGGED and re.match(r"[A-Za-z_]", word):
            last = word
        i += 1
    return names, False


def inner_names(words):
    """The tags and the enumeration constants that a declaration defines."""
    for i, word in enumerate(words[:-1]):
        if word not in TAGGED:
            continue
        body = i + 1 if words[i + 1] == "{" else i + 2
        if words[body:body + 1] != ["{"]:
            continue
        if body > i + 1:
            yield words[i + 1]
        if word == "enum":
            inside = " ".join(words[body:group_end(words, body)])
            while "(" in inside:
                inside = re.sub(r"\([^()]*\)", "", inside)
            yield from re.findall(r"[{,] ([A-Za-z_]\w*)", inside)


class Source:
    """A file of src."""

    def __init__(self, path):
        self.path = path.relative_to(SOURCES)
        self.label = path.relative_to(ROOT).as_posix()
        self.is_header = path.suffix == ".h"
        text = path.read_text()
        if self.is_header:
            text = re.sub(r"^#ifndef (\w+_H)\n#define \1\n(.*)^#endif\n\Z", r"\2", text, flags=re.S | re.M)
        self.tokens = tokens_of(text)
        self.part = next((part for part, (patterns, _) in PARTS.items()
                          if any(self.path.match(p) for p in patterns)), None)
        code = "".join(text for kind, text in self.tokens if kind not in ("comment", "string"))
        self.words = set(re.findall(r"\w+", re.sub(r"\b(struct|union|enum)\s+\w+", "", code)))
        self.own, self.shared = set(), set()
        self.items = list(items_of(self.tokens))
        self.collect()

    def directives(self):
        return [text for kind, text in self.tokens if kind == "directive"]

    def includes(self):
        return re.findall(r'^\s*#\s*include\s+"(.*)"', "\n".join(self.directives()), re.M)

    def collect(self):
        for text in self.directives():
            match = re.match(r"\s*#\s*define\s+(\w+)(?:\([^)]*\))?(?:\s|\\)*(\w*)", text)
            if match:
                self.own.add(match.group(1))
        for start, end in self.items:
            words = significant(self.tokens[start:end])
            self.own.update(inner_names(words))
            names, is_function = declared(words)
            self.own.update(names)
            if is_function:
                if words[-1] == "}" and words[0] != "static":
                    self.shared.update(names)
            elif words[0] not in ("static", "extern", "typedef"):
                self.shared.update(names)
        self.own = {name for name in self.own if not re.match(r"_*fsock(_|open$|$)", name, re.I)}
        self.shared = {name for name in self.shared if name.startswith("fsock")}


def is_member(tokens, i, in_struct):
    """Whether the name at i is a member of a struct: after . or ->, or declared in one."""
    before = next((t for k, t in reversed(tokens[:i]) if k not in ("space", "comment")), "")
    after = next((t for k, t in tokens[i + 1:] if k not in ("space", "comment")), "")
    if before in (".", "->"):
        return True
    if before == "," and after == ")" and re.search(MEMBER_OF, "".join(t for _, t in tokens[:i])):
        return True
    if not in_struct or before in TAGGED:
        return False
    return after in (";", ",", "[", ":") or (before == "*" and after == ")")


def renamed(tokens, names, prefix):
    """The tokens with each of the names, but for members, given the prefix."""
    result, stack = [], []
    last = ["", ""]
    for i, (kind, text) in enumerate(tokens):
        if kind == "directive":
            text = directive_renamed(text, names, prefix)
        elif kind == "name" and text in names and not is_member(tokens[max(0, i - 24):i + 8], min(i, 24),
                                                                bool(stack) and stack[-1]):
            text = prefix + text
        elif text == "{":
            stack.append(last[-1] in ("struct", "union") or last[-2] in ("struct", "union"))
        elif text == "}":
            stack.pop()
        result.append((kind, text))
        if kind not in ("space", "comment", "directive"):
            last = [last[-1], text]
    return result


def directive_renamed(text, names, prefix):
    if re.match(r"\s*#\s*include", text):
        return text
    parts = [(k, prefix + t if k == "name" and t in names else t) for k, t in tokens_of(text.replace("#", "\0", 1))]
    return "".join(t for _, t in parts).replace("\0", "#", 1)


class Amalgamation:
    def __init__(self):
        self.headers, self.sources = {}, {}
        for path in sorted(SOURCES.rglob("*.[ch]")):
            if path.relative_to(SOURCES).parts[0] != "tls":
                source = Source(path)
                (self.headers if source.is_header else self.sources)[source.path] = source
        self.defined = {}
        for source in self.sources.values():
            for name in source.shared:
                self.defined.setdefault(name, []).append(source)
        self.macros = {}
        for header in self.headers.values():
            for text in header.directives():
                match = re.match(r"\s*#\s*define\s+(FSOCK__\w+)(.*)", text, re.S | re.I)
                if match:
                    self.macros.setdefault(match.group(1), set()).update(re.findall(r"\w+", match.group(2)))
        self.private = {path for path, header in self.headers.items() if header.own}
        self.compat = pathlib.Path("base/compat.h")
        self.private.discard(self.compat)
        self.public = (SOURCES / "symbols.list").read_text().split()
        self.out, self.done, self.open_part = [], set(), None

    def header_named(self, source, name):
        """The header of src that the file includes; None for a public one."""
        for base in (SOURCES / source.path.parent, SOURCES):
            path = (base / name).resolve()
            if path.exists():
                return self.headers[path.relative_to(SOURCES)]
        if (INCLUDE / name).exists():
            return None
        raise Trouble(f"{source.label} includes {name}, which is not there")

    # ---- Order.

    def needs(self, source):
        """The .c files that define what the file, and the headers beside and below it, name."""
        words, seen, queue = set(source.words), set(), [source]
        while queue:
            here = queue.pop()
            for name in here.includes():
                header = self.header_named(here, name)
                if header is not None and header.path not in seen:
                    seen.add(header.path)
                    queue.append(header)
                    if header.path in self.private:
                        words |= header.words
        for word in set(words):
            words |= self.macros.get(word, set())
        return sorted({d.path for word in words - source.shared for d in self.defined.get(word, ())})

    def ordered(self):
        order, state = [], {}

        def visit(path, trail):
            if state.get(path) == "done":
                return
            if state.get(path) == "open":
                raise Trouble("a circle: " + " -> ".join(str(p) for p in trail + [path]))
            state[path] = "open"
            for used in self.needs(self.sources[path]):
                visit(used, trail + [path])
            state[path] = "done"
            order.append(self.sources[path])

        for path in sorted(self.sources):
            visit(path, [])
        return order

    # ---- Text.

    def emit(self, part, text):
        if part != self.open_part:
            if self.open_part:
                self.out.append(f"\n#endif /* {self.open_part} */\n")
            if part:
                self.out.append(f"\n#if !defined({part})\n")
            self.open_part = part
        self.out.append(text)

    def made_static(self, source):
        """The tokens, with what other files share made static. What is linked weakly elsewhere is there."""
        tokens = list(source.tokens)
        for start, end in source.items:
            words = significant(tokens[start:end])
            names, is_function = declared(words)
            if not names or words[0] == "typedef":
                continue
            if words[0] == "static" and source.is_header:
                tokens[start] = ("name", "FSOCK__PRIVATE")
            elif "FSOCK__WEAK" in words or (words[0] == "extern" and "const" in words):
                tokens[start:end] = [("space", "")] * (end - start)  # the definition comes first
            elif words[0] == "extern":
                tokens[start] = ("name", "FSOCK__PRIVATE")
            elif names[0].startswith("fsock__") and words[0] not in ("static", "FSOCK__ALWAYS_INLINE"):
                kind, text = tokens[start]
                tokens[start] = (kind, "FSOCK__PRIVATE " + text)
        return tokens

    def private_text(self, source, seen, names):
        """The tokens of a file with its private headers in their places; their names are added."""
        result = []
        names |= source.own
        for kind, text in self.made_static(source):
            match = kind == "directive" and re.match(r'\s*#\s*include\s+("(.*)"|<fsock.*>)', text)
            if not match:
                result.append((kind, text))
                continue
            header = self.header_named(source, match.group(2)) if match.group(2) else None
            if header is not None and header.path in self.private and header.path not in seen:
                seen.add(header.path)
                result += self.private_text(header, seen, names)
        return result

    def rows_left_out(self, source, text):
        """The lines of tables that name what is in a part are left out with it."""
        lines, result, open_part, before = text.split("\n"), [], None, ""
        owned = {name: d[0].part for name, d in self.defined.items() if d[0].part}
        for part, (_, pattern) in PARTS.items():
            if pattern:
                owned.update(dict.fromkeys(re.findall(pattern, text), part))
        is_directive = False
        for line in lines:
            is_directive = line.startswith("#") or (is_directive and before.endswith("\\"))
            before = line
            code = re.sub(r"/\*.*?\*/|^ \*.*", "", line)
            parts = set() if is_directive else {owned[w] for w in re.findall(r"\w+", code) if w in owned}
            parts.discard(source.part)
            if len(parts) > 1 or (parts and not re.fullmatch(ROW, code.strip())):
                raise Trouble(f"{source.label}: this is no row of a table, but names a part: {code.strip()}")
            part = parts.pop() if parts else None
            if part != open_part:
                result += ["#endif"] * bool(open_part) + [f"#if !defined({part})"] * bool(part)
                open_part = part
            result.append(line)
        return "\n".join(result)

    def text_of(self, source):
        names = set()
        tokens = self.private_text(source, set(), names)
        if source.path == self.compat:
            names = set()
        elif source.is_header and names:
            raise Trouble(f"{source.label} defines {sorted(names)}")
        prefix = "_".join(source.path.with_suffix("").parts) + "__"
        text = "".join(t for _, t in renamed(tokens, names, prefix))
        for name in re.findall(r"(\w+)\([^;]*\) FSOCK__WEAK;", "".join(t for _, t in source.tokens)):
            text = text.replace(f"{name} == NULL", "0")
        if not source.is_header:
            text = self.rows_left_out(source, text)
        text = re.sub(r"[ \t]+\n", "\n", text)
        return f"\n/* ---- {source.label} */\n\n" + re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"

    def emit_file(self, source):
        for name in source.includes():
            header = self.header_named(source, name)
            if header is None or header.path in self.done:
                continue
            if header.path in self.private:
                for inner in header.includes():
                    shared = self.header_named(header, inner)
                    if shared is not None and shared.path not in self.private | self.done:
                        self.done.add(shared.path)
                        self.emit_file(shared)
                continue
            self.done.add(header.path)
            self.emit_file(header)
        self.emit(source.part, self.text_of(source))

    def implementation(self):
        self.out = [banner("fsock.c"), PRIVATE]
        self.done.add(self.compat)
        self.emit(None, self.text_of(self.headers[self.compat]))
        self.emit(None, '\n#include "fsock.h"\n')
        for source in self.ordered():
            self.emit_file(source)
        self.emit(None, "")
        return "".join(self.out)

    # ---- The header.

    def part_of(self, function):
        where = self.defined.get(function)
        if not where:
            raise Trouble(f"{function} is declared but not defined")
        return where[0].part

    def public_text(self, header):
        """A public header; what a part defines is left out with it."""
        text = re.sub(r"^#include <fsock/.*>\n", "", header.read_text(), flags=re.M)
        parts = {name: self.part_of(name) for name in re.findall(r"^FSOCK_API[^;(]*\b(fsock\w*)\(", text, re.M)}
        if parts and len(set(parts.values())) == 1:
            part = next(iter(parts.values()))
            return f"#if !defined({part})\n{text}#endif /* {part} */\n" if part else text
        for name, part in parts.items():
            if part:
                text = re.sub(rf"^FSOCK_API[^;]*\b{name}\([^;]*;\n", rf"#if !defined({part})\n\g<0>#endif\n", text,
                              flags=re.M)
        return text

    def interface(self):
        text = (INCLUDE / "fsock.h").read_text()
        start, end = re.search(r"(#include <fsock/.*>\n)+", text).span()
        names = re.findall(r"<(fsock/.*)>", text[start:end])
        order = []

        def visit(name):
            if name in order:
                return
            for used in re.findall(r"^#include <(fsock/.*)>", (INCLUDE / name).read_text(), re.M):
                visit(used)
            order.append(name)

        for name in names:
            visit(name)
        inner = "\n".join(self.public_text(INCLUDE / name) for name in order)
        return banner("fsock.h") + text[:start] + "\n" + inner + text[end:]


PRIVATE = """
/* Not every program calls everything. */
#if defined(__GNUC__)
#define FSOCK__PRIVATE static __attribute__((unused))
#else
#define FSOCK__PRIVATE static
#endif
"""


def banner(name):
    version = re.search(r'FSOCK_VERSION +"(.*)"', (INCLUDE / "fsock/api.h").read_text()).group(1)
    licences = (ROOT / "LICENSE").read_text(), (SOURCES / "codec/tables/LICENSE.WHATWG").read_text()
    text = f"{name} - libfsock {version} in two files, fsock.c and fsock.h. Made by tools/amalgamate.py.\n\n"
    text += "    cc -std=c11 program.c fsock.c -pthread\n\nThese leave parts out, where they are defined for "
    text += "both files:\n" + ", ".join(sorted([*PARTS, "FSOCK_NO_ICONV"])) + ".\n\n"
    text += licences[0]
    if name == "fsock.c":
        text += "\n" + licences[1].replace("in this directory ", "")
    lines = "".join(f" * {line}".rstrip() + "\n" for line in text.split("\n")[:-1])
    return f"/*\n{lines} */\n"


def main():
    target = pathlib.Path(sys.argv[1])
    try:
        made = Amalgamation()
        texts = {"fsock.c": made.implementation(), "fsock.h": made.interface()}
    except Trouble as trouble:
        sys.exit(f"amalgamate: {trouble}")
    target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text)


if __name__ == "__main__":
    main()
