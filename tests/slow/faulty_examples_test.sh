#!/bin/sh
# Each example is run as tests/examples does it, again and again, while one call of seventeen after another fails, of
# the first 300 (some make them without end): no memory, no descriptor, a reset. Its script may say then that an answer
# is missing; but no example crashes, none makes a stream of NULL. How long such a script would wait for what does not
# come is not looked at.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export FAULTY="$here"
${CC:-cc} -O1 -shared -fPIC -o "$here/faulty.so" tests/slow/faulty.c -ldl

cat >"$here/sweep" <<'EOF'
name=$1 n=1 script=tests/examples/$1.sh
[ -e "$script" ] || script=build/cc/examples/$name
while [ $n -lt 300 ]; do
	: >"$FAULTY/$name.log"
	FAULTY_PROGRAM=$name FAULTY_CALL=$n FAULTY_LOG=$FAULTY/$name.log LD_PRELOAD=$FAULTY/faulty.so \
	    timeout -k 1 3 "$script" >/dev/null 2>&1 </dev/null || :
	[ -s "$FAULTY/$name.log" ] || break # there are no more calls
	! grep -q CRASHED "$FAULTY/$name.log" || echo "$name crashed when $(head -n 1 "$FAULTY/$name.log") failed, call $n" >>"$FAULTY/crashes"
	n=$((n + 17))
done
echo "$name: $n calls" | tee -a "$FAULTY/sums"
EOF
# redis.sh wants a server of another program's, which is slow to start.
for f in examples/*.c; do
	f=${f#examples/}
	[ ! -x "build/cc/examples/${f%.c}" ] || echo "${f%.c}"
done | grep -v '^redis$' | xargs -n 1 -P 4 sh "$here/sweep"
awk '{ sum += $2 } END { print sum " calls in all"; exit sum < 400 }' "$here/sums"
[ ! -e "$here/crashes" ] || { cat "$here/crashes"; exit 1; }
