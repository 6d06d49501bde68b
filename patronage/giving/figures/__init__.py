"""What regular giving comes to: what came, grew, shrank and went each month, counted as it happens."""
