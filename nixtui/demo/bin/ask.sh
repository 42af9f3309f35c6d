# shellcheck shell=sh
# ask WORD…: have this host's service manager do it; prints what it says and returns its status.
#
# The service manager lives in nixtui's own process (demo/bus.py) and reads the names of boxes from one pipe. Opening
# pipes for reading and writing never waits, whoever is at the other end.
ask() {
    bus=$NIXTUI_ROOT/run/systemd/private
    box=$NIXTUI_ROOT/run/systemd/box.$$
    mkfifo "$box" || return 1
    printf '%s\0' "$@" >"$box.words"
    exec 3<>"$box"
    echo "$$" 1<>"$bus"
    while IFS= read -r answer <&3; do
        case $answer in
        'out '*) printf '%s\n' "${answer#out }" ;;
        'err '*) printf '%s\n' "${answer#err }" >&2 ;;
        'end '*) return "${answer#end }" ;;
        esac
    done
}
