"""What every page stands on: guards, headers, errors, languages, pages kept as bytes."""
