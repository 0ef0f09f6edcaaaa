# A LAN of its own: two ends of one cable in a network namespace, avahi as the
# neighbour. Usage: lan.sh FOLDER; preau is in PATH, and the folder holds a box.
set -eu
mount -t tmpfs none /run
ip link set lo up
ip link add lan0 type veth peer name lan1
ip addr add 10.99.0.1/24 dev lan0
ip addr add 10.99.0.2/24 dev lan1
ip link set lan0 up
ip link set lan1 up
mkdir -p /run/dbus
dbus-daemon --system --fork --nopidfile
avahi-daemon -D --no-drop-root --no-chroot --no-rlimits
preau serve --data "$1" --listen :8080 >&2 &
box=$!
trap 'kill $box; wait $box' EXIT
for _ in $(seq 60); do
  seen=$(avahi-browse -rtp _http._tcp | grep '^=.*IPv4' || true)
  [ -n "$seen" ] && break
  sleep 0.5
done
echo "$seen"
avahi-resolve -4 -n lycee-de-tokoin.local
