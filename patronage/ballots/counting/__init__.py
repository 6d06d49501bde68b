"""The rules that count ballots: pure and exact, grouped ballots in, slates and figures out (docs/8_counting.md).

Nothing in here knows a database, a clock, the web, or a floating-point number.
"""
