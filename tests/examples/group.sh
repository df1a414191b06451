#!/bin/sh
. tests/examples/common.sh

lo=lo0
[ "$(uname -s)" != Linux ] || lo=lo
mkfifo "$here/says"
$programs/group $lo 239.255.77.20 0 >"$here/says" &
server=$!
exec 3<"$here/says"
read -r word port <&3
$programs/group $lo 239.255.77.20 "$port" "hello all"
read -r line <&3
equal "what the group hears" "says: hello all" "${line#* }"
end_server

equal "no such interface" "group: set interface: No such device" \
    "$($programs/group none 239.255.77.20 9 hello 2>&1 || :)"
