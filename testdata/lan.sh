# A LAN of its own: a switch in a network namespace with two boxes on it, each in
# a namespace of its own, and avahi as the neighbour. Usage: lan.sh BOX OTHER;
# preau and http are in PATH, and the folders hold two boxes of one name. What
# was seen is printed, a line each.
set -eu
mount -t tmpfs none /run
mkdir -p /run/dbus /run/netns
ip link set lo up
ip link add lan type bridge
ip link set lan up
ip addr add 10.99.0.254/24 dev lan
for n in 1 2; do
  ip netns add box$n
  ip link add port$n type veth peer name eth0 netns box$n
  ip link set port$n master lan up
  ip -n box$n addr add 10.99.0.$n/24 dev eth0
  ip -n box$n link set lo up
  ip -n box$n link set eth0 up
done
dbus-daemon --system --fork --nopidfile

neighbour() { # comes anew, and has heard nothing yet
  [ ! -e /run/avahi-daemon/pid ] || avahi-daemon -k
  for _ in $(seq 50); do [ -e /run/avahi-daemon/pid ] || break; sleep 0.1; done
  avahi-daemon -D --no-drop-root --no-chroot --no-rlimits
}
plug() { # plug N FOLDER: a box gets its power
  ip netns exec box$1 preau serve --data "$2" --listen :8080 >&2 &
  eval "box$1=$!"
}
cut() { eval "kill -$2 \$box$1; wait \$box$1 || true"; }
until_seen() { # until_seen WHAT COMMAND…: its output has WHAT within half a minute
  want=$1; shift
  for _ in $(seq 100); do
    seen=$("$@" 2>&1 || true)
    case $seen in *"$want"*) echo "$seen" | grep -F "$want" | head -3; return; esac
    sleep 0.3
  done
  echo "never saw $want; last: $seen"
  exit 1
}
until_gone() {
  want=$1; shift
  for _ in $(seq 100); do
    case $("$@" 2>&1 || true) in *"$want"*) sleep 0.3;; *) echo "gone: $want"; return;; esac
  done
  echo "still there: $want"
  exit 1
}
browse() { avahi-browse -rtp _http._tcp | grep '^=.*IPv4'; }
resolve() { avahi-resolve -4 -n "$1"; }
name=lycee-de-tokoin

echo "# one box"
neighbour
plug 1 "$1"
until_seen ";$name;" browse
neighbour
until_seen 10.99.0.1 resolve $name.local
until_seen 10.99.0.1 resolve LYCEE-de-tokoin.local

echo "# a second one of the same name"
plug 2 "$2"
until_seen "$name-2.local;10.99.0.2" browse
until_seen 10.99.0.2 resolve $name-2.local
until_seen 10.99.0.1 resolve $name.local
until_seen '200 ' http -host $name-2.local:8080 GET http://10.99.0.2:8080/signin
until_seen "http://$name-2.local:8080" http -host elsewhere.example GET http://10.99.0.2:8080/signin

echo "# its address changes"
ip -4 -n box1 addr flush dev eth0
ip -n box1 addr add 10.99.0.77/24 dev eth0
until_seen 10.99.0.77 resolve $name.local
neighbour
until_seen "$name.local;10.99.0.77" browse

echo "# a cable that was out"
ip -n box1 link set eth0 down
ip -n box1 link set eth0 up
neighbour
until_seen 10.99.0.77 resolve $name.local

echo "# one is killed, the other starts anew and takes the free name"
cut 1 KILL
cut 2 TERM
plug 2 "$2"
until_seen 10.99.0.2 resolve $name.local

echo "# the killed one comes back"
plug 1 "$1"
until_seen 10.99.0.77 resolve $name-2.local

echo "# a goodbye is heard at once"
until_seen ";$name;" browse
cut 2 TERM
until_gone ";$name;" browse
cut 1 TERM

echo "# the power returns to both at the same moment"
neighbour
plug 1 "$1"
plug 2 "$2"
until_seen ";$name-2;" browse
until_seen ";$name;" browse
echo "addresses: $(browse | awk -F';' '{print $8}' | sort -u | xargs)"
cut 1 TERM
cut 2 TERM
