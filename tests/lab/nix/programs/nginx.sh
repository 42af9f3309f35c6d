#!/bin/sh
# nginx's part in the lab: serves its own version on port 80, so that a health command has something to ask.
case ${1-} in
-v)
    echo "nginx version: nginx/@version@" >&2
    exit 0
    ;;
esac
exec /usr/bin/busybox httpd -f -p 80 -h @out@/share/@pname@
