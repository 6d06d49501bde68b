"""Topics from patrons: suggested, backed, merged, moderated, and each step of their way told to who asked."""
