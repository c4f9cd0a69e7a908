"""What the benchmark of networks is made of."""
