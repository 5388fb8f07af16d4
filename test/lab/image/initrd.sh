# The initramfs of both machines, and that of Xen's guests.

make_initrd() {
  cp -al "$LAB/kernel" "$1/kernel"
  cp "$here/initramfs-init" "$here/guest-init" "$1"
  in_builder "$1" bash -s <<'BUILD'
set -euo pipefail
cd /mnt

# initramfs NAME INIT MODULE...: busybox and modules, in the order in which they have to be loaded
initramfs() {
  local name=$1 init=$2 module file
  shift 2
  mkdir -p tree/{bin,modules,proc,sys,dev,root}
  cp /bin/busybox tree/bin/
  install -m755 "$init" tree/init
  for module; do modprobe -d kernel -S "$(cat kernel/version)" --show-depends "$module"; done |
    awk '$1 == "insmod" && $2 !~ /crc32c-intel/ && !seen[$2]++ { print $2 }' | while read -r file; do
    cp "$file" tree/modules/
    basename "$file" >>tree/modules/order
  done
  (cd tree && find . | cpio --quiet -o -H newc) >"$name"
  rm -rf tree
}

initramfs initrd initramfs-init virtio_pci virtio_blk crc32c_generic ext4 9p 9pnet_virtio
initramfs guest-initrd guest-init xen-hcd hid-generic usbhid usb-storage xen-pcifront e1000e e1000
rm -rf kernel initramfs-init guest-init
BUILD
}
