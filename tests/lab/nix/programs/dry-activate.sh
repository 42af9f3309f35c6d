#!/bin/sh
# The activation script's preview; it may only say what it would do.
echo "would set up /etc from @out@/etc"
