#!/bin/sh
. tests/examples/common.sh

equal "addresses" "127.0.0.1 127.0.0.1:80
::1 [::1]:0" "$($programs/resolve 127.0.0.1/80 ::1 | sort)"
$programs/resolve localhost/80 >"$here/says"
grep -q -e '^localhost 127\.0\.0\.1:80$' -e '^localhost \[::1\]:80$' "$here/says"
! $programs/resolve 127.0.0.1 300.1.1.1 127.0.0.1/no-such-service >"$here/says" 2>"$here/errors"
equal "the one that is there" "127.0.0.1 127.0.0.1:0" "$(cat "$here/says")"
grep -q 300.1.1.1 "$here/errors"
grep -q "unknown service no-such-service" "$here/errors"
