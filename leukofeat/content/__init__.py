"""What of an image shows a smear, and what stands in place of something that was cut away."""
