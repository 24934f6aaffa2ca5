"""Object stores: what is fetched from a bucket of S3, and how a finished output is published in one."""
