"""Which topics a token opens, over real connections."""

import asyncio

from rig.clients import Client, clients
from rig.issuer import Issuer
from rig.servers import StartLocalServer
from rig.tokens import demands, url_with


def test_a_token_opens_the_topics_that_it_names_and_no_others(
    issuer: Issuer, local_server: StartLocalServer, any_table: tuple[str, ...]
) -> None:
    server = local_server(*any_table, *demands(issuer))
    own = url_with(server, issuer.mint(aud="demo", topics=["own"]))
    all_topics = url_with(server, issuer.mint(aud="demo"))

    async def meet() -> None:
        async with clients(own, "A") as (a,), clients(all_topics, "B") as (b,):
            await b.subscribe("secret", "own")
            await b.settled()
            b.received.clear()
            await a.subscribe("secret", "own")
            await a.until_received(1)
            assert [frame["code"] for frame in a.received] == ["forbidden"]
            await a.announce("secret")
            await a.until_received(2)
            assert [frame["code"] for frame in a.received] == ["forbidden"] * 2
            await b.publish("secret", "for B's friends alone")
            await b.settled()
            await b.publish("own", "here")
            await a.until(lambda frames: frames[-1].get("data") == "here")
            await a.publish("own", "hello")
            await b.until(lambda frames: any(f.get("data") == "hello" for f in frames))
            assert topics_of(a) == topics_of(b) == {"own"}
            await a.send({"type": "unsubscribe", "topics": ["secret", "own"]})
            await a.settled()
            await b.settled()

    asyncio.run(meet())


def topics_of(client: Client) -> set[str]:
    return {frame["topic"] for frame in client.received if frame["type"] == "publish"}


def test_one_star_stays_in_its_segment_and_two_do_not(
    issuer: Issuer, local_server: StartLocalServer
) -> None:
    server = local_server(*demands(issuer))
    patterned = issuer.mint(aud="demo", topics=["team/*", "all/**", "x*z"])
    opened = ["team/a", "team/", "all/a", "all/a/b", "xyz", "xz"]
    closed = ["team/a/b", "team", "team2/a", "all", "x/z", "room"]

    async def listen() -> None:
        async with (
            clients(url_with(server, patterned), "A") as (a,),
            clients(url_with(server, issuer.mint(aud="demo")), "B") as (b,),
        ):
            await a.subscribe(*closed, *opened)
            await a.settled()
            for topic in closed + opened:
                await b.publish(topic, "is anybody here?")
            await b.settled()
            await a.until(lambda frames: topics_of(a) >= set(opened))
            assert topics_of(a) == set(opened)
            errors = [frame for frame in a.received if frame.get("code") == "forbidden"]
            assert len(errors) == 1

    asyncio.run(listen())
