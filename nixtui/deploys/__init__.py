"""Deploying: systems that were built here are copied to their hosts and activated there under the guard, in waves."""
