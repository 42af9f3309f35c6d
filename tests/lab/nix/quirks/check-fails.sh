#!/bin/sh
# A pre-switch check of the configuration's own that finds something.
echo "pre-switch check: the database is in the middle of a migration"
exit 1
