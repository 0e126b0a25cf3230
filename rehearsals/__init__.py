"""Rehearsals of what can go wrong: what was sent, what had to arrive, what arrived."""
