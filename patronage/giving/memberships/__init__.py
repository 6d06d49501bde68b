"""Other ways to become a patron and to make one: presents, complimentary memberships, offers, tiers, manual gifts."""
