# shellcheck shell=sh
# The guard: a profile that is no system, as deploy-rs has them. Its own program activates it, as its owner.
# Needs owner.sh before it.
#
# Such a program may restart a service that runs out of the profile, so the link leads to the new one before it begins,
# as with deploy-rs. A generation is made of it only once it has proved itself; until then the link is what the guard
# has to put back, exactly as it was.

# on_profile: whether this operation is about such a profile
on_profile() { [ -n "$link" ]; }

check_profile() {
    id -u "$owner" >/dev/null 2>&1 || refuse missing "there is no user $owner" || return
    now_=$(resolved "$R$link")
    [ "$now_" = "$expect_profile" ] ||
        refuse moved "the profile $link leads to ${now_:-nothing} now, not to what was shown" || return
    [ -x "$R$new/deploy-rs-activate" ] ||
        refuse missing "$new/deploy-rs-activate is not there, or is no program"
}

# activate_profile TRANSCRIPT BOOT: sets stc_code
activate_profile() {
    # shellcheck disable=SC2016 # the owner's shell is to see them
    transcribed "$1" as_owner "$owner" sh -c 'cd -P "$1" && exec env PROFILE="$1" DRY_ACTIVATE=0 BOOT="$2" ./deploy-rs-activate' \
        sh "$link" "$2"
}

# point TARGET: the link leads there, whole or not at all
point() {
    # shellcheck disable=SC2016 # the owner's shell is to see them
    as_owner "$owner" sh -c 'mkdir -p "${1%/*}" && ln -sfn "$2" "$1.nixtui" && mv -fT "$1.nixtui" "$1"' sh "$link" "$1"
}

# try_profile: the new one as deploy-rs would; sets stc_code
try_profile() {
    if said_=$(point "$new" 2>&1); then
        activate_profile "$dir/transcript" 0
    else
        printf '%s\n' "the link $link could not be set: $said_" >>"$dir/transcript"
        stc_code=1
    fi
}

# newest_generation LINK: its number, 0 where there is none
newest_generation() {
    newest_=0
    for each_ in "$R$1"-*-link; do
        number_=${each_##*-}
        number_=${each_%-link}
        number_=${number_##*-}
        case $number_ in *[!0-9]* | '') continue ;; esac
        [ "$number_" -le "$newest_" ] || newest_=$number_
    done
    say "$newest_"
}

# make_profile_last: prints what went wrong, if anything did
make_profile_last() {
    now_=$(resolved "$R$link")
    if [ "$(recall mode)" = profile ] && [ "$now_" != "$new" ]; then
        say "somebody else pointed $link to ${now_:-nothing} meanwhile"
        return
    fi
    said_=$(as_owner "$owner" nix-env --profile "$link" --set "$new" 2>&1) || {
        say "the profile could not be set: $(printf '%s' "$said_" | tail -n 1)"
        return
    }
    [ "$(resolved "$R$link")" = "$new" ] || {
        say "the profile does not lead to what was set"
        return
    }
    if [ "$(recall mode)" = profile-boot ]; then
        activate_profile "$dir/commit-transcript" 1
        [ "$stc_code" = 0 ] || say "deploy-rs-activate failed (exit $stc_code): $(tail -n 1 "$dir/commit-transcript")"
    fi
}

# put_link_back: where it led, by the same words; a generation that only we made goes
put_link_back() {
    was_=$(recall link_was)
    if [ -n "$was_" ]; then
        point "$was_" 2>/dev/null || return
    else
        as_owner "$owner" rm -f "$link" || return
    fi
    made_=$(newest_generation "$link")
    if [ "$made_" -gt "$(recall newest)" ] && [ "$(resolved "$R$link-$made_-link")" = "$new" ]; then
        as_owner "$owner" nix-env --profile "$link" --delete-generations "$made_" >/dev/null 2>&1 ||
            as_owner "$owner" rm -f "$link-$made_-link"
    fi
}

# take_profile_back: the link, then what the one before does to be active; a failure is for systemd to try again
take_profile_back() {
    put_link_back || return
    stc_code=0
    [ "$(recall mode)" = profile ] || return 0
    if [ -x "$R$(recall previous)/deploy-rs-activate" ]; then
        activate_profile "$dir/revert-transcript" 0
    fi
    [ "$stc_code" = 0 ]
}
