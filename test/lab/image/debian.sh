# Trees of Debian packages.

# From the same mirrors as the host's apt, with a package list of our own: the host's may be empty or stale.
apt() {
  apt-get -q -o Dir::State::Lists="$LAB/apt/lists" -o Dir::Cache="$LAB/apt/cache" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none "$@"
}

mirrors() {
  if [ -n "${LAB_MIRRORS:-}" ]; then echo "$LAB_MIRRORS"; return; fi
  apt indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}

# A mirror of somebody else's that cannot be reached is no reason to stop: whether Debian's was is seen afterwards.
refresh_lists() {
  mkdir -p "$LAB"/apt/{lists,cache}/partial
  apt update >"$LAB/apt/log" 2>&1 || say "some of the host's package lists cannot be had, see $LAB/apt/log"
  mirrors | grep -q bookworm ||
    unavailable "the host's apt reaches no Debian 12 mirror: set LAB_MIRRORS='deb URL bookworm main'"
}

packages() { sed 's/#.*//' "$here/packages/$1" | xargs | tr ' ' ,; }

# bootstrap FOLDER LIST [OPTION...]
bootstrap() {
  local folder=$1 list=$2 unneeded=() part
  shift 2
  for part in doc man locale info lintian; do unneeded+=(--dpkgopt="path-exclude=/usr/share/$part/*"); done
  mapfile -t lines < <(mirrors)
  TMPDIR=$LAB PATH=$LAB/apt/mmdebstrap/usr/bin:$PATH mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' "${unneeded[@]}" \
    --include="$(packages "$list")" "$@" bookworm "$folder" "${lines[@]}"
}

make_builder() {
  refresh_lists
  rm -rf "$LAB/apt/mmdebstrap"
  (cd "$LAB/apt" && apt download mmdebstrap >>log 2>&1 && dpkg -x mmdebstrap_*.deb mmdebstrap)
  # Kernel and hypervisor are only unpacked: installing them would build an initramfs that nobody boots.
  bootstrap "$1" builder --customize-hook='
    cd "$1" && headers=$(ls -d usr/src/linux-headers-*-amd64) && version=${headers#usr/src/linux-headers-}
    export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
    for image in "linux-image-$version" xen-hypervisor-4.17-amd64; do
      apt-get -qq download "$image" && dpkg -x "$image"_*.deb images && rm "$image"_*.deb
    done'
}

make_root() {
  [ -e "$LAB/apt/lists" ] || refresh_lists
  bootstrap "$1" "$2"
}

# in_builder FOLDER COMMAND [ARG...]: runs COMMAND in the builder with FOLDER as /mnt; no mount outlives it.
in_builder() {
  local folder=$1
  shift
  unshare --mount sh -ec 'mount --bind "$2" "$1/mnt"; mount -t proc proc "$1/proc"; root=$1; shift 2
    exec chroot "$root" "$@"' sh "$LAB/builder" "$folder" "$@"
}
