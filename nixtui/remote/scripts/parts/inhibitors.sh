# What stands between the running system and a live switch to another one. Needs links.sh before it.

# inhibitors SYSTEM: one sentence for each thing that makes a live switch unsafe; nothing when it is safe
inhibitors() {
    running_=$(current_system)
    booted_=$R$(booted_system)
    # NixOS 26.05 and newer: its own pre-switch check compares these two files and refuses.
    if [ -r "$booted_/switch-inhibitors" ] && [ -r "$R$1/switch-inhibitors" ] &&
        ! cmp -s "$booted_/switch-inhibitors" "$R$1/switch-inhibitors"; then
        echo "NixOS's own switch inhibitors differ from those of the booted system"
    fi
    differs_ dbus "$(dbus_of_ "$running_")" "$(dbus_of_ "$1")"
    differs_ systemd "$(systemd_of_ "$running_")" "$(systemd_of_ "$1")"
}

differs_() {
    if [ -n "$2" ] && [ -n "$3" ] && [ "$2" != "$3" ]; then
        echo "$1 would change from $2 to $3"
    fi
}

# kind and major version: "dbus-broker 37", "dbus 1"
dbus_of_() {
    unit_=$(resolved "$R$1/etc/systemd/system/dbus.service")
    case $unit_ in
    */*dbus-broker*) kind_=dbus-broker ;;
    */*dbus*) kind_=dbus ;;
    *) return ;;
    esac
    echo "$kind_ $(major_ "$unit_" "$kind_")"
}

systemd_of_() {
    store_=$(resolved "$R$1/systemd")
    [ -n "$store_" ] && major_ "$store_" systemd
}

# major_ PATH NAME: 257 for /nix/store/…-systemd-257.9/…
major_() {
    printf '%s\n' "$1" | sed -n "s|^/nix/store/[^/]*-$2-\([0-9]*\)[^/]*.*|\1|p"
}
