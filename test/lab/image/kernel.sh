# The kernel of both machines and its modules, and Xen.

make_kernel() {
  cp "$here"/modules/* "$1"
  in_builder "$1" bash -s <<'BUILD'
set -euo pipefail
cd /mnt
version=$(ls /images/lib/modules)
modules=lib/modules/$version
echo "$version" >version

# module trees that no lab host needs
mkdir -p lib/modules
cp -a "/images/$modules" lib/modules/
cd "$modules/kernel"
# shellcheck disable=SC2046 # the words are patterns
rm -rf $(sed 's/#.*//' /mnt/unneeded)
cd /mnt

# modules that Debian does not build
mkdir source
tar -xf /usr/src/linux-source-6.1.tar.xz -C source --strip-components=1 \
  linux-source-6.1/{samples/vfio-mdev,drivers/usb/host/xen-hcd.c,scripts/extract-vmlinux}
mkdir extra
cp source/samples/vfio-mdev/* source/drivers/usb/host/xen-hcd.c usbback.c extra/
echo 'obj-m := mtty.o mdpy.o mbochs.o xen-hcd.o usbback.o' >extra/Makefile
make -s -C "/usr/src/linux-headers-$version" M=/mnt/extra modules >extra.log 2>&1 || { tail -20 extra.log; exit 1; }
mkdir "$modules/extra"
for module in extra/*.ko; do strip -g -o "$modules/$module" "$module"; done
depmod -b /mnt "$version"

# An uncompressed ELF kernel boots at once under TCG, which would take seconds to decompress the other.
bash source/scripts/extract-vmlinux "/images/boot/vmlinuz-$version" >vmlinux
gunzip </images/boot/xen-4.17-amd64.gz >xen
rm -rf source extra unneeded usbback.c
BUILD
}
