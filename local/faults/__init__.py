"""Faults of AWS on request: `--faults`. Nothing here runs without it.

faults     all faults of a plan, placed between the functions and their services
plan       the faults, their rates, and the dice that decide
services   posts and requests to the table that are refused or not answered
table      the same for the table in memory, which has no HTTP
functions  cold starts, functions that are killed, `$disconnect`s that are lost
"""
