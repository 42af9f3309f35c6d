#!/bin/sh
echo "chown: invalid user: 'nobody-here'" >&2
exit 1
