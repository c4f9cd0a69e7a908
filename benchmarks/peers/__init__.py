"""What other libraries do for the same measure, kernel by kernel and along the whole path; run by the scripts beside it."""
