"""HTTP/2 frames by hand, so that they can be wrong. Standard library only."""

import select
import socket
import ssl
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8, 0x9)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
SETTING_HEADER_TABLE_SIZE, SETTING_INITIAL_WINDOW_SIZE = 0x1, 0x4
CANCEL = 0x8
# Where connections come from; anywhere if it is empty.
source = ""
# Of connections that do not say it themselves.
is_tls_usual = False


def connect(host, port, timeout):
    address = (source, 0) if source else None
    return socket.create_connection((host, port), timeout, address)


def frame(kind, flags, stream, payload=b""):
    length = struct.pack(">I", len(payload))[1:]
    return length + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def hpack_integer(value, bits, first=0):
    """RFC 7541, 5.1."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([first | value])
    out = bytearray([first | limit])
    value -= limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


def header(name, value):
    """A literal without indexing and without Huffman's code."""
    name, value = name.encode(), value.encode() if isinstance(value, str) else value
    return (b"\x00" + hpack_integer(len(name), 7) + name
            + hpack_integer(len(value), 7) + value)


def call_headers(path, extra=()):
    fields = [(":method", "POST"), (":scheme", "http"), (":path", path),
              (":authority", "abuse"), ("content-type", "application/grpc"),
              ("te", "trailers"), *extra]
    return b"".join(header(name, value) for name, value in fields)


def message(payload, is_compressed=False):
    """A gRPC message within DATA."""
    return struct.pack(">BI", is_compressed, len(payload)) + payload


def field(number, payload):
    """A length-delimited field of protobuf."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


class TlsSocket:
    """One thread may send while another receives, which OpenSSL does not like by itself."""

    def __init__(self, plain):
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["h2"])
        self.tls = context.wrap_socket(plain)
        self.tls.setblocking(False)
        self.lock = threading.Lock()

    def _do(self, operation):
        while True:
            try:
                with self.lock:
                    return operation()
            except ssl.SSLWantReadError:
                self._wait([self.tls], [])
            except ssl.SSLWantWriteError:
                self._wait([], [self.tls])

    def _wait(self, to_read, to_write):
        try:
            if not any(select.select(to_read, to_write, [], 30)):
                raise socket.timeout()
        except ValueError as error:  # Closed meanwhile.
            raise OSError(str(error)) from error

    def sendall(self, data):
        data = memoryview(data)
        while data:
            data = data[self._do(lambda: self.tls.send(data)):]

    def recv(self, size):
        return self._do(lambda: self.tls.recv(size))

    def shutdown(self, how):
        with self.lock:
            self.tls.shutdown(how)

    def close(self):
        with self.lock:
            self.tls.close()


class Connection:
    """One connection. A thread reads what comes, so that the server never has to wait."""

    def __init__(self, port, first_settings=(), host="127.0.0.1", is_tls=None):
        self.socket = connect(host, port, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_tls_usual if is_tls is None else is_tls:
            self.socket = TlsSocket(self.socket)
        self.condition = threading.Condition()
        self.is_closed = False  # By the server.
        self.goaway = None  # Error code and text.
        self.ended = {}  # Streams that the server has ended, with the frame's kind.
        self.window = 65535  # What may be sent on the connection.
        self.windows = {}  # And on a stream, beside the initial one.
        self.initial_window = 65535
        self.received = 0
        self.socket.sendall(PREFACE + settings(*first_settings))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def send(self, data):
        """False once the server has closed the connection."""
        try:
            self.socket.sendall(data)
            return not self.is_closed
        except OSError:
            return False

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def wait(self, is_true, seconds):
        with self.condition:
            return self.condition.wait_for(lambda: is_true() or self.is_closed, seconds)

    def send_body(self, stream, body, seconds=10):
        """As fast as flow control lets it; False if it could not be sent."""
        sent = 0
        while sent < len(body):
            if not self.wait(lambda: self._room(stream) > 0, seconds) or self.is_closed:
                return False
            with self.condition:
                size = min(self._room(stream), 16384, len(body) - sent)
                self.window -= size
                self.windows[stream] = self.windows.get(stream, 0) - size
            if not self.send(frame(DATA, 0, stream, body[sent:sent + size])):
                return False
            sent += size
        return True

    def _room(self, stream):
        return min(self.window, self.initial_window + self.windows.get(stream, 0))

    def _read(self):
        buffer = b""
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except socket.timeout:
                continue
            except OSError:
                data = b""
            with self.condition:
                if not data:
                    self.is_closed = True
                    self.condition.notify_all()
                    return
                buffer = self._take(buffer + data)
                self.condition.notify_all()

    def _take(self, buffer):
        while len(buffer) >= 9:
            length = int.from_bytes(buffer[:3], "big")
            if len(buffer) < 9 + length:
                break
            kind, flags = buffer[3], buffer[4]
            stream = int.from_bytes(buffer[5:9], "big") & 0x7FFFFFFF
            self._on_frame(kind, flags, stream, buffer[9:9 + length])
            buffer = buffer[9 + length:]
        return buffer

    def _on_frame(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == SETTING_INITIAL_WINDOW_SIZE:
                    self.initial_window = value
            self.send(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.goaway = (int.from_bytes(payload[4:8], "big"),
                           payload[8:].decode(errors="replace"))
        elif kind == WINDOW_UPDATE:
            more = int.from_bytes(payload, "big")
            if stream == 0:
                self.window += more
            else:
                self.windows[stream] = self.windows.get(stream, 0) + more
        elif kind == DATA:
            self.received += len(payload)
            # Of the connection; streams have windows of their own, which stay as they are.
            if payload:
                self.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
            if flags & END_STREAM:
                self.ended.setdefault(stream, kind)
        elif kind == RST_STREAM or kind == HEADERS and flags & END_STREAM:
            self.ended.setdefault(stream, kind)
