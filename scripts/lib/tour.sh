# A short tour of what the gateway does. Every answer is checked.

tour() {
  tour_reads
  tour_writes
  tour_transactions
  tour_errors
  tour_streams
  tour_monitoring
  if command -v grpcurl >/dev/null; then tour_grpcurl; fi
}

tour_reads() {
  title 'A read may go to the replica. --report says where it went.'
  show <<'COMMAND'
pgsluice query --read --report \
  'SELECT title, author, price, tags FROM book WHERE price < $1 ORDER BY published' 20
COMMAND
  expect 0 'The Time Machine' '\{"?science fiction"?,novel\}' '\(5 rows\)' 'db2 \(replica, read\)'
}

tour_writes() {
  title 'Without --read it goes to the primary.'
  show <<'COMMAND'
pgsluice query --report \
  'INSERT INTO customer (name, email) VALUES ($1, $2) RETURNING id, name, joined' \
  Noether noether@example.org
COMMAND
  expect 0 '[0-9a-f]{8}-[0-9a-f]{4}-.*Noether' '\(1 row\)' 'db1 \(primary, write\)'
}

tour_transactions() {
  title 'A transaction: -1 runs all statements in one, and commits it.'
  show <<'COMMAND'
pgsluice query -1 \
  -c 'UPDATE book SET stock = stock - 2 WHERE id = 7 RETURNING title, stock' \
  -c "INSERT INTO orders (customer, book, quantity)
      SELECT id, 7, 2 FROM customer WHERE email = 'noether@example.org'"
COMMAND
  expect 0 'Les Misérables *\| *5' 'INSERT 0 1'

  title 'The same, but too many copies: the second statement fails, so nothing remains.'
  show <<'COMMAND'
pgsluice query -1 \
  -c "INSERT INTO orders (customer, book, quantity)
      SELECT id, 7, 9 FROM customer WHERE email = 'noether@example.org'" \
  -c 'UPDATE book SET stock = stock - 9 WHERE id = 7'
COMMAND
  expect 3 '23514' 'stock_not_negative'
  show <<'COMMAND'
pgsluice query "SELECT book.title, book.stock, orders.quantity
                FROM orders JOIN customer ON customer.id = orders.customer
                            JOIN book ON book.id = orders.book
                WHERE email = 'noether@example.org'"
COMMAND
  expect 0 'Les Misérables *\| *5 *\| *2' '\(1 row\)'
}

tour_errors() {
  title 'An error carries its SQLSTATE, its place, and whether trying again may help.'
  show <<'COMMAND'
pgsluice query 'SELECT titel FROM book'
COMMAND
  expect 3 '42703' 'titel' 'LINE 1'
  title 'PostgreSQL itself refuses to write where only reading was asked for.'
  show <<'COMMAND'
pgsluice query --read 'DELETE FROM visit'
COMMAND
  expect 3 '25006' 'read-only transaction'
}

tour_streams() {
  title 'A result of any size, streamed: 100 000 rows.'
  show <<'COMMAND'
pgsluice query --read --stream --csv 'SELECT * FROM visit ORDER BY id' >visits.csv
wc -l visits.csv
tail -n 2 visits.csv
COMMAND
  expect 0 '^100001 visits.csv$' '^100000,[0-9]+,2025-'
  rm -f visits.csv
}

tour_monitoring() {
  title 'What the gateway knows of its servers,'
  show <<'COMMAND'
pgsluice health
COMMAND
  expect 0 'readiness: SERVING' 'db1 .*primary' 'db2 .*replica'
  title 'and its pools in figures.'
  show <<'COMMAND'
pgsluice pools
COMMAND
  expect 0 'db1 .*primary' 'db2 .*replica' 'transactions in progress: 0'
}

tour_grpcurl() {
  title 'The same API with grpcurl, which learns it from the gateway (reflection).'
  show <<COMMAND
grpcurl -plaintext $PGSLUICE_ADDR list
COMMAND
  expect 0 '^pgsluice.v1.GatewayService$' '^grpc.health.v1.Health$'
  show <<COMMAND
grpcurl -plaintext -d '{
  "statement": {"sql": "SELECT title, price, details FROM book WHERE id = \$1",
                "parameters": [{"int64": "5"}]},
  "options": {"intent": "INTENT_READ", "report": true}
}' $PGSLUICE_ADDR pgsluice.v1.GatewayService/Query
COMMAND
  expect 0 '"numeric": "7.25"' '"role": "replica"' '"rowCount": "1"'
  title 'A transaction is a stream; this one is rolled back.'
  show <<COMMAND
grpcurl -plaintext -d @ $PGSLUICE_ADDR pgsluice.v1.GatewayService/Transaction <<'JSON'
{"seq": 1, "begin": {"isolation": "ISOLATION_SERIALIZABLE"}}
{"seq": 2, "execute": {"statement": {"sql": "DELETE FROM orders"}}}
{"seq": 3, "rollback": {}}
JSON
COMMAND
  expect 0 '"begun"' '"commandTag": "DELETE [0-9]+"' 'ROLLBACK_CAUSE_REQUESTED'
}

# What to try next, while everything runs.
print_hints() {
  local export_line=''
  [[ $gateway_port == 7432 ]] || export_line="
  export PGSLUICE_ADDR=$PGSLUICE_ADDR"
  cat <<EOF_HINTS

${bold}Everything is running. Try, in another terminal:${plain}

  export PATH=$bin_dir:\$PATH$export_line
  pgsluice query --read 'SELECT tags, count(*) FROM book GROUP BY tags'
  pgsluice query --read -x 'SELECT * FROM book WHERE author = \$1' Euclid
  pgsluice query --json 'UPDATE book SET price = price * 1.1 WHERE id = \$1 RETURNING *' 2
  pgsluice query -1 -f my_script.sql
  pgsluice pools --watch
  pgsluice health --watch

  grpcurl -plaintext $PGSLUICE_ADDR describe pgsluice.v1.GatewayService
  grpcurl -plaintext -d '{"statement": {"sql": "SELECT now()"}}' \\
    $PGSLUICE_ADDR pgsluice.v1.GatewayService/Query
  grpcurl -plaintext -d '{"service": "readiness"}' \\
    $PGSLUICE_ADDR grpc.health.v1.Health/Check

  the gateway's configuration  $demo_dir/pgsluice.yaml
  its log                      $demo_dir/gateway.log
  PostgreSQL                   db1 on port $db1_port, db2 on port $db2_port, database bookshop, user shop,
                               PGPASSFILE=$unprivileged_dir/passfile

Ctrl-C stops and removes it all.
EOF_HINTS
}
