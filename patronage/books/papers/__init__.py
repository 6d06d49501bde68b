"""What donors get on paper: receipts, credit notes, yearly statements, and the wording their tax office asks for."""
