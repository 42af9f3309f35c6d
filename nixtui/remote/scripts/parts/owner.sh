# shellcheck shell=sh
# Profiles that are not the system's: whose they are, where their links are, and doing something as their owner.
# Needs links.sh before it.

# home_of OWNER
home_of() {
    getent passwd "$1" | while IFS=: read -r _ _ _ _ _ home_ _; do printf '%s\n' "$home_"; done
}

# link_of OWNER NAME: where deploy-rs and nix have the profile (deploy-rs: src/bin/activate.rs, get_profile_path)
link_of() {
    state_=${NIX_STATE_DIR:-/nix/var/nix}/profiles
    case $1:$2 in
    root:system) printf '%s\n' "$state_/system" ;;
    root:*) printf '%s\n' "$state_/per-user/root/$2" ;;
    *)
        if [ -d "$R$state_/per-user/$1" ]; then
            printf '%s\n' "$state_/per-user/$1/$2"
        else
            printf '%s\n' "$(home_of "$1")/.local/state/nix/profiles/$2"
        fi
        ;;
    esac
}

# as_owner OWNER COMMAND…: with the groups and the environment that a login of the owner has. What lies in a user's home
# is never touched as root: it may be a link to anywhere.
as_owner() {
    owner_=$1
    shift
    home_=$(home_of "$owner_")
    uid_=$(id -u "$owner_") || return
    set -- env -u LC_ALL HOME="$home_" USER="$owner_" LOGNAME="$owner_" \
        PATH="/run/wrappers/bin:$home_/.nix-profile/bin:/etc/profiles/per-user/$owner_/bin:$PATH" "$@"
    if [ "$uid_" = 0 ]; then
        "$@"
        return
    fi
    if [ -d "/run/user/$uid_" ]; then
        shift
        set -- env XDG_RUNTIME_DIR="/run/user/$uid_" "$@"
    fi
    setpriv --reuid="$uid_" --regid="$(id -g "$owner_")" --init-groups --reset-env "$@"
}
