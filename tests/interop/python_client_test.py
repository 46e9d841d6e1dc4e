#!/usr/bin/env python3
"""A Python client (grpcio) against a running gateway.

PGSLUICE_TEST_ADDR  host:port of the gateway
PYTHONPATH          stubs made by: scripts/stubs python
"""

import os
import unittest

import grpc

from pgsluice.v1 import error_pb2, gateway_service_pb2_grpc, health_pb2
from pgsluice.v1 import query_pb2, transaction_pb2, value_pb2

try:
    from google.rpc import error_details_pb2, status_pb2
except ImportError:
    from pgsluice.standard.google.rpc import error_details_pb2, status_pb2
try:
    from grpc_health.v1 import health_pb2 as check_pb2
    from grpc_health.v1 import health_pb2_grpc as check_pb2_grpc
except ImportError:
    from pgsluice.standard.grpc.health.v1 import health_pb2 as check_pb2
    from pgsluice.standard.grpc.health.v1 import health_pb2_grpc as check_pb2_grpc

ADDRESS = os.environ.get("PGSLUICE_TEST_ADDR")
TIMEOUT = 20  # Seconds.


def statement(sql, *parameters):
    return value_pb2.Statement(sql=sql, parameters=parameters)


def to_python(value):
    kind = value.WhichOneof("kind")
    if kind in (None, "null"):
        return None
    if kind == "list":
        return [to_python(element) for element in value.list.values]
    return getattr(value, kind)


def rows_of(message):
    return [tuple(to_python(value) for value in row.values) for row in message.rows]


def details_of(error):
    """The messages of grpc-status-details-bin, by their type's short name."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            return unpack(status_pb2.Status.FromString(value))
    raise AssertionError("no grpc-status-details-bin")


def unpack(status):
    found = {}
    for any_message in status.details:
        for kind in (
            error_details_pb2.ErrorInfo,
            error_pb2.PostgresError,
            error_pb2.RetryVerdict,
        ):
            if any_message.Is(kind.DESCRIPTOR):
                message = kind()
                any_message.Unpack(message)
                found[kind.DESCRIPTOR.name] = message
    return found


class GatewayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(ADDRESS)
        cls.addClassCleanup(cls.channel.close)
        cls.gateway = gateway_service_pb2_grpc.GatewayServiceStub(cls.channel)
        cls.sql("DROP TABLE IF EXISTS pyclient_notes")
        cls.sql("CREATE TABLE pyclient_notes (id int PRIMARY KEY, body text)")

    @classmethod
    def tearDownClass(cls):
        cls.sql("DROP TABLE pyclient_notes")

    @classmethod
    def sql(cls, sql, *parameters, **options):
        request = query_pb2.QueryRequest(
            statement=statement(sql, *parameters),
            options=query_pb2.RequestOptions(**options),
        )
        return cls.gateway.Query(request, timeout=TIMEOUT)


class QueryTest(GatewayTest):
    def test_types_make_the_round_trip(self):
        response = self.sql(
            "SELECT $1::bool, $2::int8, $3::float8, $4::numeric, $5::text, $6::bytea,"
            " $7::jsonb, $8::uuid, $9::int4[], $10::date, NULL::text",
            value_pb2.Value(bool=True),
            value_pb2.Value(int64=-(2**63)),
            value_pb2.Value(double=0.1),
            value_pb2.Value(numeric="12345678901234567890.12345678901234567890"),
            value_pb2.Value(text="\u00e4\u65e5\U0001f600"),
            value_pb2.Value(bytes=b"\x00\xff"),
            value_pb2.Value(json='{"a": 1}'),
            value_pb2.Value(text="6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            value_pb2.Value(
                list=value_pb2.ValueList(
                    values=[value_pb2.Value(int64=1), value_pb2.Value()]
                ),
                type="int4[]",
            ),
            value_pb2.Value(text="2026-01-31"),
        )

        self.assertEqual(
            rows_of(response),
            [
                (
                    True,
                    -(2**63),
                    0.1,
                    "12345678901234567890.12345678901234567890",
                    "\u00e4\u65e5\U0001f600",
                    b"\x00\xff",
                    '{"a": 1}',
                    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
                    [1, None],
                    "2026-01-31",
                    None,
                )
            ],
        )
        self.assertEqual(response.columns[1].type_name, "int8")
        self.assertEqual(response.command_tag, "SELECT 1")

    def test_returning_and_rows_affected(self):
        response = self.sql(
            "INSERT INTO pyclient_notes VALUES (100, 'x'), (101, 'y') RETURNING id"
        )
        self.assertEqual(response.rows_affected, 2)
        self.assertEqual(rows_of(response), [(100,), (101,)])

    def test_a_read_says_where_it_ran_and_cannot_write(self):
        response = self.sql("SELECT 1", intent=query_pb2.INTENT_READ, report=True)
        self.assertIn(response.route.role, ("replica", "primary"))
        self.assertTrue(response.route.endpoint)

        # A table of its own: the replica may not have the test's tables yet.
        with self.assertRaises(grpc.RpcError) as caught:
            self.sql(
                "CREATE TABLE pyclient_refused (id int)",
                intent=query_pb2.INTENT_READ,
            )
        details = details_of(caught.exception)
        self.assertEqual(details["PostgresError"].sqlstate, "25006")

    def test_an_error_carries_its_sqlstate(self):
        self.sql("INSERT INTO pyclient_notes VALUES (1, 'first')")

        with self.assertRaises(grpc.RpcError) as caught:
            self.sql("INSERT INTO pyclient_notes VALUES (1, 'second')")

        self.assertEqual(caught.exception.code(), grpc.StatusCode.ALREADY_EXISTS)
        details = details_of(caught.exception)
        self.assertEqual(details["PostgresError"].sqlstate, "23505")
        self.assertEqual(details["PostgresError"].constraint, "pyclient_notes_pkey")
        self.assertEqual(details["ErrorInfo"].reason, "UNIQUE_VIOLATION")
        self.assertEqual(
            details["RetryVerdict"].outcome, error_pb2.OUTCOME_ROLLED_BACK
        )


class StreamTest(GatewayTest):
    def test_rows_are_counted_and_the_trailer_agrees(self):
        request = query_pb2.StreamQueryRequest(
            statement=statement("SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i"),
        )

        parts = []
        ids = 0
        trailer = None
        for response in self.gateway.StreamQuery(request, timeout=TIMEOUT):
            parts.append(response.WhichOneof("part"))
            if parts[-1] == "rows":
                self.assertEqual(len(response.rows.rows), response.rows.row_count)
                ids += sum(row.values[0].int64 for row in response.rows.rows)
            elif parts[-1] == "trailer":
                trailer = response.trailer

        self.assertEqual(parts[0], "header")
        self.assertEqual(parts[-1], "trailer")
        self.assertGreater(parts.count("rows"), 10)
        self.assertEqual(ids, 50000 * 50001 // 2)
        self.assertEqual(trailer.row_count, 50000)
        self.assertEqual(trailer.command_tag, "SELECT 50000")

    def test_packed_rows_hold_postgres_text(self):
        request = query_pb2.StreamQueryRequest(
            statement=statement("SELECT i, NULL FROM generate_series(9, 11) i"),
            encoding=value_pb2.ROW_ENCODING_PACKED,
        )

        packed = [
            response.rows.packed
            for response in self.gateway.StreamQuery(request, timeout=TIMEOUT)
            if response.WhichOneof("part") == "rows"
        ]

        self.assertEqual(b"".join(part.data for part in packed), b"91011")
        lengths = [length for part in packed for length in part.lengths]
        self.assertEqual(lengths, [1, -1, 2, -1, 2, -1])


class TransactionTest(GatewayTest):
    def run_transaction(self, *requests):
        numbered = []
        for seq, request in enumerate(requests, 1):
            request.seq = seq
            numbered.append(request)
        return list(self.gateway.Transaction(iter(numbered), timeout=TIMEOUT))

    @staticmethod
    def begin():
        return transaction_pb2.TransactionRequest(begin=transaction_pb2.Begin())

    @staticmethod
    def execute(sql, *parameters):
        return transaction_pb2.TransactionRequest(
            execute=transaction_pb2.Execute(statement=statement(sql, *parameters))
        )

    def count(self, note_id):
        response = self.sql(
            "SELECT count(*) FROM pyclient_notes WHERE id = $1::int",
            value_pb2.Value(int64=note_id),
        )
        return response.rows[0].values[0].int64

    def test_commit(self):
        responses = self.run_transaction(
            self.begin(),
            self.execute("INSERT INTO pyclient_notes VALUES (10, 'kept')"),
            transaction_pb2.TransactionRequest(commit=transaction_pb2.Commit()),
        )

        kinds = [response.WhichOneof("response") for response in responses]
        self.assertEqual(kinds, ["begun", "result", "committed"])
        self.assertEqual([response.seq for response in responses], [1, 2, 3])
        self.assertEqual(responses[-1].state, transaction_pb2.TRANSACTION_STATE_ENDED)
        self.assertEqual(self.count(10), 1)

    def test_rollback(self):
        responses = self.run_transaction(
            self.begin(),
            self.execute("INSERT INTO pyclient_notes VALUES (11, 'lost')"),
            transaction_pb2.TransactionRequest(rollback=transaction_pb2.Rollback()),
        )

        self.assertEqual(responses[-1].WhichOneof("response"), "rolled_back")
        self.assertEqual(self.count(11), 0)

    def test_commit_of_a_failed_transaction_is_a_rollback(self):
        responses = self.run_transaction(
            self.begin(),
            self.execute("INSERT INTO pyclient_notes VALUES (12, 'lost')"),
            self.execute("SELECT 1/0"),
            transaction_pb2.TransactionRequest(commit=transaction_pb2.Commit()),
        )

        failed = responses[2]
        self.assertEqual(failed.WhichOneof("response"), "statement_error")
        self.assertEqual(failed.state, transaction_pb2.TRANSACTION_STATE_FAILED)
        self.assertEqual(unpack(failed.statement_error)["PostgresError"].sqlstate, "22012")
        self.assertEqual(responses[3].WhichOneof("response"), "rolled_back")
        self.assertEqual(responses[3].rolled_back.cause, transaction_pb2.ROLLBACK_CAUSE_FAILED)
        self.assertEqual(self.count(12), 0)


class HealthTest(GatewayTest):
    def test_health_lists_the_endpoints(self):
        health = self.gateway.Health(health_pb2.HealthRequest(), timeout=TIMEOUT)

        self.assertTrue(health.ready)
        self.assertIn(
            health_pb2.ROLE_PRIMARY, [endpoint.role for endpoint in health.endpoints]
        )

    def test_the_standard_health_service_answers(self):
        stub = check_pb2_grpc.HealthStub(self.channel)

        for service in ("", "readiness", "pgsluice.v1.GatewayService"):
            request = check_pb2.HealthCheckRequest(service=service)
            response = stub.Check(request, timeout=TIMEOUT)
            self.assertEqual(response.status, check_pb2.HealthCheckResponse.SERVING)

        with self.assertRaises(grpc.RpcError) as caught:
            stub.Check(check_pb2.HealthCheckRequest(service="nonsense"), timeout=TIMEOUT)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)


if __name__ == "__main__":
    if not ADDRESS:
        raise SystemExit("PGSLUICE_TEST_ADDR is not set: start a gateway and name it there")
    unittest.main()
