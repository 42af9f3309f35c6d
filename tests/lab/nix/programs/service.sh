#!/bin/sh
# @pname@ @version@: a service that only runs.
exec /usr/bin/sleep infinity
