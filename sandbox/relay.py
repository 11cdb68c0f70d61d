"""Bytes from one socket to another: what listens here is connected there.

Both ends are written as a text: ``unix:/path`` or ``tcp:ADDRESS:PORT``. Several places to connect to are tried
in turn for each connection, so that a server that only listens on IPv6 is found too.
"""

import asyncio
import os


class End(asyncio.Protocol):
    """One side of a relayed connection; what it gets is written to the other."""

    def __init__(self):
        self.transport = None
        self.other = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.other.transport.write(data)

    def eof_received(self):
        if self.other is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
            return True
        return False

    def connection_lost(self, error):
        if self.other is not None:
            self.other.transport.close()

    # The transport calls these when what is still to be written passes its limits.

    def pause_writing(self):
        self.other.transport.pause_reading()

    def resume_writing(self):
        self.other.transport.resume_reading()


class Accepted(End):
    """The side that came to us: it waits, unread, until the other side stands.

    Before Python 3.11 asyncio reads once all the same, so what it read is held.
    """

    def __init__(self, places):
        super().__init__()
        self.places = places
        self.connecting = None
        self.held = b""
        self.ended = False

    def data_received(self, data):
        if self.other is not None:
            super().data_received(data)
            return
        self.held += data
        self.transport.resume_reading()  # it takes itself for paused, and would not pause again
        self.transport.pause_reading()

    def eof_received(self):
        if self.other is not None:
            return super().eof_received()
        self.ended = True
        return True

    def connection_made(self, transport):
        super().connection_made(transport)
        transport.pause_reading()
        self.connecting = asyncio.ensure_future(self.connect())

    async def connect(self):
        for place in self.places:
            try:
                _, there = await open_connection(End, place)
            except OSError:
                continue
            if self.transport.is_closing():
                there.transport.close()
                return
            self.other, there.other = there, self
            self.hand_over()
            return
        self.transport.abort()

    def hand_over(self):
        """What was read too early, then whatever comes."""
        if self.held:
            self.other.transport.write(self.held)
            self.held = b""
        if self.ended:
            self.eof_received()
        else:
            self.transport.resume_reading()

    def connection_lost(self, error):
        if self.other is None and self.connecting is not None:
            self.connecting.cancel()
        super().connection_lost(error)


async def open_connection(protocol, place):
    """Connects to `place`; OSError when nobody listens there."""
    loop = asyncio.get_event_loop()
    kind, address, port = parse_place(place)
    if kind == "unix":
        return await loop.create_unix_connection(protocol, address)
    return await loop.create_connection(protocol, address, port)


async def listen(place, to):
    """Starts to relay from `place` to the first of `to` that answers; OSError when `place` can't be had."""
    loop = asyncio.get_event_loop()
    kind, address, port = parse_place(place)
    if kind == "unix":
        if os.path.lexists(address):
            os.unlink(address)
        return await loop.create_unix_server(lambda: Accepted(to), address, backlog=512)
    return await loop.create_server(lambda: Accepted(to), address, port, backlog=512)


def parse_place(place):
    """``("unix", path, None)`` or ``("tcp", address, port)``."""
    kind, _, rest = place.partition(":")
    if kind == "unix":
        return "unix", rest, None
    address, _, port = rest.rpartition(":")
    return "tcp", address, int(port)
