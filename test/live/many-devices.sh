# Run in namespaces of its own (mount, network, processes): makes devices, starts a libvirtd that sees only them, and
# prints what libvirtd and hostdev say of them.
# $1: node, $2: the bundled command
set -e

mount -t sysfs sysfs /sys
for folder in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do mount -t tmpfs tmpfs "$folder"; done

for i in $(seq 80); do ip link add "ve$i" type veth peer name "pe$i"; done
for i in $(seq 20); do ip link add "br$i" type bridge; done
for i in $(seq 30); do ip link add "mac$i" link "ve$i" type macvlan; done
for i in $(seq 5); do ip tuntap add "tap$i" mode tap; done
ip link set lo up
ip link set ve1 up
ip link set pe1 up
truncate --size 1M /run/disk
loop=$(losetup --find --show /run/disk) || loop=
trap '[ -z "$loop" ] || losetup --detach "$loop"' EXIT

printf 'auth_unix_rw = "none"\n' >/run/libvirtd.conf
libvirtd --daemon --config /run/libvirtd.conf --pid-file /run/libvirtd.pid
virsh() { command virsh --quiet --connect qemu:///system "$@"; }

echo '=== libvirtd'
virsh nodedev-list | sed '/./s/^/nodedev-dumpxml /' | virsh
echo '=== hostdev'
"$1" "$2" dumpxml --all --compat
echo '=== names'
"$1" "$2" list --names
