"""Tokens must not be printed."""


def assert_unseen(output: str, *tokens: str) -> None:
    """Check that no part of a token is in `output`."""
    for token in tokens:
        for part in token.split("."):
            assert len(part) < 9 or part[:9] not in output
