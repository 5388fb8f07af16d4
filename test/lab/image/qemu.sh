# A QEMU of version 8 or later, of Debian's backports, for hosts that have an older one. Nothing of it is installed: it
# is unpacked, and started with the loader and the libraries that come with it.

make_qemu() {
  local lines
  [ -e "$LAB/apt/lists" ] || refresh_lists
  lines=$(mirrors; mirrors | sed -n 's/ bookworm main$/ bookworm-backports main/p')
  LAB_MIRRORS=$lines bootstrap "$1" qemu --variant=extract --aptopt='APT::Default-Release "bookworm-backports"' ||
    unavailable "this host's QEMU has no network card with SR-IOV, and its mirror no bookworm-backports with a newer one"
  rm -rf "${1:?}"/{dev,etc,tmp,var}
}
