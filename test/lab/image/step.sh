# Steps that are done once for the same inputs.

say() { printf '[lab %4ds] %s\n' "$SECONDS" "$*" >&2; }

# Ends the build with a reason that lies in this machine: whoever runs the tests skips them for it.
unavailable() {
  say "$*"
  exit 69 # EX_UNAVAILABLE of sysexits.h
}

# step NAME FUNCTION INPUT...: NAME is a folder of $LAB, filled by FUNCTION, which is given the folder and NAME.
# An input is a file, a folder, "@STEP" for what another step was made from, or "=TEXT".
step() {
  local name=$1 function=$2 sum began=$SECONDS
  shift 2
  sum=$(digest "$@")
  [ "$(cat "$LAB/$name/.inputs" 2>/dev/null)" != "$sum" ] || return 0
  check_machine
  rm -rf --one-file-system "$LAB/$name" "$LAB/$name.new"
  mkdir "$LAB/$name.new"
  "$function" "$LAB/$name.new" "$name"
  echo "$sum" >"$LAB/$name.new/.inputs"
  mv "$LAB/$name.new" "$LAB/$name"
  say "$name: made in $((SECONDS - began)) s, $(du -sm "$LAB/$name" | cut -f1) MiB"
}

check_machine() {
  local command
  [ "$(id -u)" = 0 ] || unavailable 'building the lab needs root'
  for command in apt-get dpkg perl unshare; do
    command -v $command >/dev/null || unavailable "building the lab needs $command"
  done
  unshare --mount true || unavailable 'building the lab needs the right to mount file systems'
}

digest() {
  local input
  for input; do
    case $input in
    @*) cat "$LAB/${input#@}/.inputs" ;;
    =*) echo "$input" ;;
    *) (cd "$(dirname "$input")" && find "$(basename "$input")" -type f | LC_ALL=C sort | xargs -r sha256sum) ;;
    esac
  done | sha256sum | cut -d' ' -f1
}
