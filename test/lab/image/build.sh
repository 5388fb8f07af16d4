#!/bin/bash
# Builds the images of the lab: `build.sh lab`, `build.sh xen` or `build.sh qemu`. As root, from Debian packages alone.
#
#   builder   a Debian with compiler, kernel headers and image tools: the host needs none of these
#   kernel    the kernel as an ELF file, its modules, a few that Debian does not build, and Xen
#   initrd    busybox and what it takes to mount the root disk and the shared folder
#   NAME-root the packages of packages/NAME-root
#   NAME      the root disk, and what else that machine boots from
#   qemu      a newer QEMU than the host's; none of the others
#
# A step is done again only when its inputs have changed. Everything is written to $LAB_DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
LAB=${LAB_DIR:-$HOME/.cache/hostdev-lab}
machine=${1:?what: lab, xen or qemu}

. "$here/step.sh"
. "$here/debian.sh"
. "$here/kernel.sh"
. "$here/initrd.sh"
. "$here/machine.sh"
. "$here/qemu.sh"

mkdir -p "$LAB"
exec 9>"$LAB/build.lock"
flock -n 9 || { say 'another build is running: waiting for it'; flock 9; }

step builder make_builder "$here/debian.sh" "$here/packages/builder" "=${LAB_MIRRORS:-}"
if [ "$machine" = qemu ]; then
  step qemu make_qemu "$here/qemu.sh" "$here/packages/qemu" @builder
else
  step kernel make_kernel "$here/kernel.sh" "$here/modules" @builder
  step initrd make_initrd "$here/initrd.sh" "$here/initramfs-init" "$here/guest-init" @kernel
  step "$machine-root" make_root "$here/debian.sh" "$here/packages/$machine-root" "=${LAB_MIRRORS:-}"
  step "$machine" make_machine "$here/machine.sh" @initrd @"$machine-root" "=$(node_identity)"
fi
say "$machine is ready"
