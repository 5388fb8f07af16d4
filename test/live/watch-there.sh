#!/bin/bash
# watch-there.sh SCRIPT [COMMAND...]: in namespaces of its own, has SCRIPT watch an interface that comes and goes; COMMAND
# is put before node. With HIDE_UDEV there is neither udevd's database nor udevadm.
set -eu
script=$1
shift
mount -t sysfs none /sys
if [ -n "${HIDE_UDEV:-}" ]; then
  mkdir -p /run/udev && mount -t tmpfs none /run/udev
  for program in $(type -aP udevadm); do mount --bind /dev/null "$program"; done
fi
coproc watcher { exec "$@" node "$script"; }
while read -r line; do
  echo "$line"
  case $line in
  ready) ip link add hdwthere type veth peer name hdwtherep ;;
  created) ip link del hdwthere ;;
  esac
done <&"${watcher[0]}"
