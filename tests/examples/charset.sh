#!/bin/sh
. tests/examples/common.sh
need python3

# serve STEP...: see one_shot.py; what it awaited is in $here/got.
serve() {
	start_server python3 tests/examples/one_shot.py "$@" 2>"$here/got"
}

serve '<7' '>\xc4\xc1\r\n'
equal "KOI8-R" "да" "$($programs/charset 127.0.0.1 "$port" koi8-r,crlf приве)"
end_server
equal "what the server saw" "b'\\xd0\\xd2\\xc9\\xd7\\xc5\\r\\n'" "$(cat "$here/got")"

serve '<6' '>\0o\0k\xd8\0\0\n'
equal "UTF-16, one bad" "ok?" "$($programs/charset 127.0.0.1 "$port" utf-16be,replace=? yo 2>"$here/says2")"
end_server
equal "the errors" "charset: 1 errors in it" "$(cat "$here/says2")"

serve
equal "what cannot be written" "charset: write to 127.0.0.1 port $port: U+00F6 cannot be written in us-ascii (character 3 of its line)" \
    "$($programs/charset 127.0.0.1 "$port" ascii größe 2>&1)"
end_server
