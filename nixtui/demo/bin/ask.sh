# shellcheck shell=sh
# ask WORD…: have this host's service manager do it; prints what it says and returns its status.
#
# The service manager lives in nixtui's own process (demo/bus.py). It reads from one pipe whose turn it is, and answers
# through another one: first that it is there, and from then on the end of that pipe means that it died.
ask() {
    bus=$NIXTUI_ROOT/run/systemd
    read -r manager <"$bus/pid" && kill -0 "$manager" && mkfifo "$bus/box.$$" || return 1
    printf '%s\0' "$@" >"$bus/box.$$.words"
    # a pipe that is opened for both directions waits for nobody
    exec 3<>"$bus/box.$$"
    exec 4<"$bus/box.$$"
    echo "$$" 1<>"$bus/private"
    while IFS= read -r answer <&4; do
        case $answer in
        here) exec 3>&- ;;
        'out '*) printf '%s\n' "${answer#out }" ;;
        'err '*) printf '%s\n' "${answer#err }" >&2 ;;
        'end '*) return "${answer#end }" ;;
        esac
    done
    return 1
}
