#!/bin/sh
# properties = {properties}
# A scheduler asks with SIGTERM. This shell must not end before the training has saved its state.
trap : TERM
{exec_job}
