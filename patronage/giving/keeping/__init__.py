"""What patrons do with a pledge they have: change it, let it rest, stop it, go on."""
