#!/bin/sh
# Upkeep: units and the store of this host, changed by one piece of work at a time that nobody's leaving ends.
#
#   upkeep begin ID operator=WHO limit=SECONDS upkeep=THIS -- WORK…   lock, start the work in a unit of its own, follow it
#   upkeep follow ID LINES      go on following, after LINES answers
#   upkeep stop ID              end it where it is
#   upkeep release ID           forget it, once it ended
#
# WORK is `unit VERB UNIT SECONDS SETTLE`, `gc NUMBER…`, `optimise` or `verify [--repair]`.
#
# Answers are lines on standard output, `word value…`, and are kept in /run/nixtui/ID/transcript until they are released; a
# line of a command's own output comes as `log …`. The lock is the guard's: no upkeep during an activation, and no
# activation during upkeep.
#
# Needs parts/{links,boot}.sh, parts/guard/{ground,lock,idle}.sh and parts/upkeep/*.sh before it.

main() {
    verb=$1
    id=$2
    dir=$run/$id
    shift 2
    case $verb in
    begin | follow | working | stop | reverting | release)
        "$verb" "$@"
        ;;
    *)
        say "refused usage $verb"
        return 2
        ;;
    esac
}

main "$@"
