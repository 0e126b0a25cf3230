"""What lets tests, benchmarks and rehearsals run the real parts: servers, clients, browsers."""
