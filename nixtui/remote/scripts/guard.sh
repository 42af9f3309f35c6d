#!/bin/sh
# The guard: takes this host to another system so that it comes back by itself unless the new one proves itself.
#
#   guard begin ID KEY=VALUE…   lock, check, record, arm the revert, start the activation, follow it
#   guard follow ID LINES       go on following, after LINES lines of its output
#   guard extend ID             a sign of life: the revert is put off by revert_after
#   guard verify ID             what runs, and which units fail that did not fail before
#   guard commit ID             make it last: profile and boot entry; of a test (mode=test) until the next boot only
#   guard revert ID WHY         go back now
#   guard inspect ID            what is known of an operation, ended or not
#   guard release ID            forget an ended operation
#   guard break WHO             end whatever holds the lock
#   guard prune ID KEY=VALUE…   delete generations and their boot entries, under the same lock
#
# Answers are lines on standard output, `word value…`; a line of a command's own output comes as `log …`. The exit
# status says only whether the guard itself worked.
#
# Nothing that survives a reboot is changed before the commit. Every verb may be cut off at any point: the timer armed
# by `begin` belongs to systemd, and so do the units that activate, commit and revert.
#
# Needs parts/{links,boot,inhibitors,pins,owner}.sh and parts/guard/*.sh before it.

main() {
    verb=$1
    if [ "$verb" = break ]; then
        break_lock "$2"
        return
    fi
    id=$2
    dir=$run/$id
    shift 2
    new=$(recall new)
    lasts=$(recall lasts)
    lasts=${lasts:-$new} # the record of an older nixtui has none
    # shellcheck disable=SC2034 # for guard/profile.sh and guard/pull.sh
    link=$(recall link) owner=$(recall owner) pull=$(recall pull)
    case $verb in
    begin | follow | activating | verify | extend | commit | committing | revert | reverting | inspect | release | \
        prune | pruning)
        "$verb" "$@"
        ;;
    *)
        say "refused usage $verb"
        return 2
        ;;
    esac
}

main "$@"
