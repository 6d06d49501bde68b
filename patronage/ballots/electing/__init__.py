"""Who may vote in a round and how they hear of it: the electorate, the draft, letters, turnout, voters' reasons."""
