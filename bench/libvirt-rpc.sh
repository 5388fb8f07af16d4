#!/bin/sh
# Runs libvirt-rpc.ts in namespaces of its own, on a libvirtd that sees 2,000 network devices.
# Needs root and udevd: `bench/libvirt-rpc.sh npm run bench:daemons -- libvirt-rpc`.
set -e
[ "$1" = inside ] || exec unshare --mount --net "$0" inside "$@"
shift
mount --make-rprivate /
mount -t sysfs sysfs /sys
for folder in /run/libvirt /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
  mount -t tmpfs tmpfs "$folder"
done
i=0
while [ $i -lt 1000 ]; do
  i=$((i + 1))
  echo "link add v$i type veth peer name p$i"
done | ip -batch -
libvirtd --daemon --pid-file /run/libvirt/bench.pid
trap 'kill $(cat /run/libvirt/bench.pid)' EXIT
virsh --quiet --connect qemu:///system nodedev-list >/dev/null
"$@" qemu:///system
