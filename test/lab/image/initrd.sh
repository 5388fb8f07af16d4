# The initramfs of both machines.

make_initrd() {
  cp "$here/initramfs-init" "$1"
  cp -al "$LAB/kernel" "$1/kernel"
  in_builder "$1" bash -s <<'BUILD'
set -euo pipefail
cd /mnt
version=$(cat kernel/version)
mkdir -p tree/{bin,modules,proc,sys,dev,root}
cp /bin/busybox tree/bin/
install -m755 initramfs-init tree/init
for module in virtio_pci virtio_blk crc32c_generic ext4 9p 9pnet_virtio; do
  modprobe -d kernel -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && $2 !~ /crc32c-intel/ && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" tree/modules/
  basename "$file" >>tree/modules/order
done
(cd tree && find . | cpio --quiet -o -H newc) >initrd
rm -rf tree kernel initramfs-init
BUILD
}
