# The root disk of a machine, and a CD for its drive.

# The machines run the Node this was started with.
node_identity() { echo "${LAB_NODE:?} $(stat -c '%s %Y' "$LAB_NODE")"; }

make_machine() {
  local tree=$1/tree
  cp -al "$LAB/$2-root" "$tree"
  rm -f "$tree/.inputs"
  rm -rf "$tree/lib/modules"
  mkdir -p "$tree"/{lab,out,project} "$tree/lib/modules"
  cp -al "$LAB/kernel/lib/modules/." "$tree/lib/modules/"
  [ "$2" != xen ] || add_guest "$tree/guest"
  install -m755 "$LAB_NODE" "$tree/usr/bin/node"
  chroot "$tree" node --version >/dev/null || { say "$LAB_NODE does not run on Debian 12"; exit 1; }
  in_builder "$1" bash -ec "cd /mnt; truncate -s 2500M root.ext4
    mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -E lazy_itable_init=1 -m 0 -d tree root.ext4
    mkdir iso; echo hello >iso/readme; genisoimage -quiet -V LABCD -o cd.iso iso; rm -rf tree iso"
}

# What Xen's guests boot: the kernel of their host.
add_guest() {
  mkdir "$1"
  cp "$LAB/kernel/vmlinux" "$1/"
  cp "$LAB/initrd/guest-initrd" "$1/initrd"
}
