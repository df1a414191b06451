#!/bin/sh
. tests/examples/common.sh

equal "latin-1" "grüße" "$(printf 'gr\374\337e' | $programs/to_utf8 latin-1)"
equal "utf-16le" "€5" "$(printf '\254\0405\0' | $programs/to_utf8 utf-16le)"
equal "ascii" "a?b" "$(printf 'a\377b' | $programs/to_utf8 ascii | sed 's/�/?/')"
printf '\303' | $programs/to_utf8 utf-8 >/dev/null && exit 1

# Characters of three octets cut by pieces of 1000, both ways of counting.
yes '漢字かな交じり' | head -n 5000 >"$here/text"
iconv -f utf-8 -t euc-jp "$here/text" | $programs/to_utf8 euc-jp | cmp - "$here/text"
$programs/to_utf8 utf-8 <"$here/text" | cmp - "$here/text"
