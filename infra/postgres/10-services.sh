#!/bin/bash
# Runs once, when the database is created (docker-entrypoint-initdb.d): one role for each service instance, with two schemas of its own
# (its tables, and its jobs) and no right to anything else. The services bring their tables themselves; they cannot create roles, schemas
# or databases.
set -euo pipefail

service() { # name, password
  psql -v ON_ERROR_STOP=1 --no-psqlrc -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}" \
    -v role="$1" -v jobs="$1_jobs" -v password="$2" -v database="${POSTGRES_DB:-postgres}" <<'SQL'
create role :"role" login noinherit nocreatedb nocreaterole nosuperuser password :'password';
grant connect on database :"database" to :"role";
create schema :"role" authorization :"role";
create schema :"jobs" authorization :"role";
alter role :"role" set search_path = :"role";
SQL
}

# connecting is by invitation, and nobody shares the public schema
psql -v ON_ERROR_STOP=1 --no-psqlrc -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}" \
  -v database="${POSTGRES_DB:-postgres}" <<'SQL'
revoke all on database :"database" from public;
revoke connect on database postgres, template1 from public;
revoke all on schema public from public;
SQL

service am "$AM_DB_PASSWORD"
service photos "$PHOTOS_DB_PASSWORD"
service lifestream "$LIFESTREAM_DB_PASSWORD"
