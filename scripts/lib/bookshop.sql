-- The demo's data: a bookshop, its customers and orders, and a month of visits.
CREATE TABLE book (
  id        int PRIMARY KEY,
  title     text NOT NULL,
  author    text NOT NULL,
  published date NOT NULL,
  price     numeric(8, 2) NOT NULL,
  stock     int NOT NULL CONSTRAINT stock_not_negative CHECK (stock >= 0),
  tags      text[] NOT NULL,
  details   jsonb NOT NULL
);

CREATE TABLE customer (
  id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name   text NOT NULL,
  email  text NOT NULL UNIQUE,
  joined timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer uuid NOT NULL REFERENCES customer,
  book     int NOT NULL REFERENCES book,
  quantity int NOT NULL CHECK (quantity > 0),
  placed   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE visit (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book   int NOT NULL REFERENCES book,
  at     timestamptz NOT NULL,
  stayed interval NOT NULL,
  ip     inet NOT NULL
);

INSERT INTO book VALUES
  (1, 'Frankenstein', 'Mary Shelley', '1818-01-01', 9.90, 12, '{gothic,novel}',
   '{"pages": 280, "language": "en", "rating": 4.6}'),
  (2, 'Moby-Dick', 'Herman Melville', '1851-10-18', 14.50, 5, '{sea,novel}',
   '{"pages": 635, "language": "en", "rating": 4.2}'),
  (3, 'Lalka', 'Bolesław Prus', '1890-01-01', 11.00, 0, '{novel}',
   '{"pages": 684, "language": "pl", "rating": null}'),
  (4, 'Война и мир', 'Лев Толстой', '1869-01-01', 24.00, 3, '{war,peace,novel}',
   '{"pages": 1225, "language": "ru", "rating": 4.8}'),
  (5, 'The Time Machine', 'H. G. Wells', '1895-05-07', 7.25, 20, '{"science fiction",novel}',
   '{"pages": 118, "language": "en", "rating": 4.4}'),
  (6, '源氏物語', '紫式部', '1021-01-01', 32.00, 2, '{court,classic}',
   '{"pages": 1216, "language": "ja", "rating": 4.7}'),
  (7, 'Les Misérables', 'Victor Hugo', '1862-03-30', 19.80, 7, '{novel}',
   '{"pages": 1462, "language": "fr", "rating": 4.9}'),
  (8, 'Elements', 'Euclid', '0300-01-01 BC', 28.40, 4, '{geometry,classic}',
   '{"pages": 499, "language": "grc", "rating": 4.5}');

INSERT INTO customer (name, email, joined)
SELECT name, lower(name) || '@example.org', timestamptz '2024-03-01 09:00+00' + n * interval '11 days 3 hours'
FROM unnest('{Ada,Blaise,Carl,Emmy,Grace,Hypatia,Sofia}'::text[]) WITH ORDINALITY AS names (name, n);

INSERT INTO orders (customer, book, quantity, placed)
SELECT customer.id, 1 + n % 8, 1 + n % 3, timestamptz '2025-01-01 08:00+00' + n * interval '5 hours 17 minutes'
FROM customer, generate_series(1, 40) AS n
WHERE (n + length(customer.name)) % 3 = 0;

INSERT INTO visit (book, at, stayed, ip)
SELECT 1 + (n::bigint * n + n / 7) % 8,
       timestamptz '2025-03-01 00:00+00' + n * interval '26.784 seconds',
       (5 + (n * 7919) % 600) * interval '1 second',
       '192.0.2.0'::inet + (n * 31) % 256
FROM generate_series(1, 100000) AS n;

ANALYZE book, customer, orders, visit;
