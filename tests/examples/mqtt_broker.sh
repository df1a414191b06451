#!/bin/sh
. tests/examples/common.sh
need socat

# Two that send by hand: no MQTT, and a packet that has no length. A pair that does what MQTT says.
refused() {
	printf "$1" | socat -t 20 STDIO "TCP4:127.0.0.1:$port" 2>/dev/null | od -An -tx1 | tr -d ' \n'
}
by_hand() {
	equal "another version" "20020001" "$(refused '\20\014\0\4MQTT\3\2\0\12\0\0')"
	equal "no CONNECT" "" "$(refused '\300\0')"
	equal "no length" "" "$(refused '\20\377\377\377\377')"
	equal "ping" "20020000d000" "$(refused '\20\014\0\4MQTT\4\2\0\12\0\0\300\0\340\0')"
	equal "subscribing to what is published" "20020000900300070030070003a/bxy" \
	    "$(refused '\20\014\0\4MQTT\4\2\0\12\0\0\202\10\0\7\0\3a/+\0\60\7\0\3a/bxy\340\0' |
		sed 's/612f62/a\/b/; s/7879/xy/')"
}

if ! command -v mosquitto_sub >/dev/null; then
	start_server $programs/mqtt_broker 127.0.0.1 0 5 2>"$here/errors"
	by_hand
	end_server
	need mosquitto_sub
fi

start_server $programs/mqtt_broker 127.0.0.1 0 10 2>"$here/errors"
by_hand

# A subscriber, which says when the broker has answered, and publishers.
mkfifo "$here/says_sub"
stdbuf -oL mosquitto_sub -d -V mqttv311 -h 127.0.0.1 -p "$port" -t 'house/+/heat' -t 'all/#' -C 4 \
    >"$here/says_sub" 2>&1 &
subscriber=$!
exec 3<"$here/says_sub"
while read -r line <&3; do
	case $line in Subscribed*) break ;; esac
done
pub() {
	mosquitto_pub -V mqttv311 -h 127.0.0.1 -p "$port" "$@"
}
pub -t house/kitchen/heat -m 21
pub -t house/kitchen/light -m off
seq 1 20000 >"$here/long"
pub -t all -f "$here/long"
printf 'one\ntwo\n' | pub -t all/of/it -l
grep -v '^Client' <&3 >"$here/heard"
wait "$subscriber"
exec 3<&-
end_server
equal "what the subscriber heard" "$(echo 21; cat "$here/long"; echo; echo one; echo two)" \
    "$(cat "$here/heard")"
