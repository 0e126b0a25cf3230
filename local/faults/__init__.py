"""What goes wrong in AWS, on request: `--faults`. Nothing here runs without it.

plan       which faults there are, how often each is wanted, and the dice that decide
http       posts and requests to the table that are refused or not answered
ports      the same for the table in memory, which has no HTTP
functions  cold starts, functions that are killed, `$disconnect`s that are lost
"""
