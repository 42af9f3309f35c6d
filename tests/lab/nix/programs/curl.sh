#!/bin/sh
# curl's part in the lab: fetches its last argument, so that health commands work; without one it tells its version.
for url; do :; done
case ${url-} in
http://*) exec /usr/bin/busybox wget -q -O - "$url" ;;
*) echo "curl @version@" ;;
esac
