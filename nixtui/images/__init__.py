"""From a disk image to what instances start from: read, sent as a snapshot, registered, spread, published, retired."""
