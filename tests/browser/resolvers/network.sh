# Runs a command in a network and with names of its own: `unshare --net --mount sh network.sh HOSTS COMMAND…`.
# No address but this machine's own can be reached; the client's addresses are 10.1.5.20 and 2001:db8::5:20, and
# names resolve to what HOSTS says, IPv4 first.
set -e
mount --bind "$1" /etc/hosts
mount --bind /dev/null /etc/resolv.conf
order=$(mktemp)
echo "precedence ::ffff:0:0/96 100" >"$order"
mount --bind "$order" /etc/gai.conf
rm "$order"
ip link set lo up
ip address add 10.1.5.20/32 dev lo
ip address add 2001:db8::5:20/128 dev lo
# A browser learns its addresses from the route to these; nothing is sent there.
ip route add 8.8.8.8/32 dev lo src 10.1.5.20
ip route add 2001:4860:4860::8888/128 dev lo src 2001:db8::5:20
shift
exec "$@"
