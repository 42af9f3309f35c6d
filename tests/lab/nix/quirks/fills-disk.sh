#!/bin/sh
# Leaves no free block on the disk that has the store and the profiles. The next system's activation frees it.
mkdir -p /var/lib/lab/ballast
fallocate --length "$(($(stat -f -c '%a * %S' /)))" /var/lib/lab/ballast/most 2>/dev/null
dd if=/dev/zero of=/var/lib/lab/ballast/rest bs=4096 status=none 2>/dev/null
exit 0
