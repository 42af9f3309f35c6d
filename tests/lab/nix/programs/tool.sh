#!/bin/sh
echo "@pname@ @version@"
