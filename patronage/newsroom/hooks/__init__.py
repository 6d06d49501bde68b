"""What happens here told to programs elsewhere: signed webhooks, and messages in chat rooms."""
