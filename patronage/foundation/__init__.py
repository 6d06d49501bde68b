"""What every room stands on; it has never heard of patrons."""
