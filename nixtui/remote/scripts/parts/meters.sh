# shellcheck shell=sh
# What wavers all the time on every host: load, memory, disks. Told when it moved by enough to be news, so that an idle
# host has none. Part of probe.sh, whose `tell` and `all` these use; needs parts/facts.sh before it.
# shellcheck disable=SC2154
newline='
'
load_before='   ' # hundredths, each with a space behind
memory_whole='' # KiB: total and swap total

# is_apart NUMBER NUMBER DISTANCE
is_apart() {
    apart=$(($1 - $2))
    [ "${apart#-}" -ge "$3" ]
}

# hundredths 1.05: 105, in $hundredths.
hundredths() {
    hundredths=''
    case $1 in
    0?*.* | *[!0-9.]* | *.*.*) ;;
    ?*.[0-9][0-9])
        fraction=1${1#*.}
        is_number "${1%.*}" && hundredths=$((${1%.*} * 100 + fraction - 100))
        ;;
    esac
    [ -n "$hundredths" ]
}

# A load wavers always; it is news when it moved by 0.05 and a sixteenth.
load() {
    first_line /proc/loadavg
    one=${line%% *} rest=${line#* }
    five=${rest%% *} rest=${rest#* }
    fifteen=${rest%% *}
    now='' moved=$all
    for average in "$one" "$five" "$fifteen"; do
        hundredths "$average" || return 0
        now="$now$hundredths "
        before=${load_before%% *}
        load_before=${load_before#* }
        if [ -z "$before" ] || is_apart "$hundredths" "$before" $((before / 16 + 5)); then
            moved=yes
        fi
        load_before="$load_before$before "
    done
    if [ -n "$moved" ]; then
        load_before=$now
        tell load "$one $five $fifteen"
    fi
}

# KiB: total, available, swap total, swap free. It wavers as well; news is one hundredth of the whole.
memory() {
    [ -r "$root/proc/meminfo" ] || return 0
    total='' available='' swap_total='' swap_free=''
    while read -r key value rest; do
        case $key in
        MemTotal:) total=$value ;;
        MemAvailable:) available=$value ;;
        SwapTotal:) swap_total=$value ;;
        SwapFree:) swap_free=$value && break ;;
        esac
    done <"$root/proc/meminfo"
    for value in "$total" "$available" "$swap_total" "$swap_free"; do
        is_number "$value" || return 0
    done
    if [ -n "$all" ] || [ "$total $swap_total" != "$memory_whole" ] ||
        is_apart "$available" "$memory_available" $((total / 100 + 1)) ||
        is_apart "$swap_free" "$memory_swap_free" $((swap_total / 100 + 1)); then
        memory_whole="$total $swap_total"
        memory_available=$available
        memory_swap_free=$swap_free
        tell memory_kib "$total $available $swap_total $swap_free"
    fi
}

disks() {
    set --
    for path in / /nix/store /boot; do
        [ -e "$root$path" ] && set -- "$@" "$root$path"
    done
    found='' seen=''
    rows=$(exec df -P -k "$@" </dev/null 2>/dev/null)
    for path in "$@"; do
        rows=${rows#*"$newline"}
        mount=${path#"$root"}
        disk "${mount%/store}" "${rows%%"$newline"*}"
    done
    tell disks_kib "$found"
    now=$(exec date +%s </dev/null 2>/dev/null)
    is_number "$now" && tell clock "$now"
}

# disk MOUNT ROW: adds a row of df to $found, unless that file system was seen under another path. A bind mount (the
# store of every NixOS) has a mount point of its own, so device and numbers tell.
disk() {
    mount=$1
    set -f
    # shellcheck disable=SC2086 # df's columns; a device's name may have spaces
    set -- $2
    set +f
    while [ $# -gt 6 ] && ! { is_number "$2" && is_number "$3" && is_number "$4"; }; do
        shift
    done
    if [ $# -lt 6 ] || ! is_number "$3" || ! is_number "$4"; then
        return
    fi
    case $seen in
    *"|$1 $2 $3|"*) return ;;
    esac
    seen="$seen|$1 $2 $3|"
    found="$found${found:+ }$mount $3 $4"
}
