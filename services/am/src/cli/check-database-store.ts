import { defineQuery, openPool, pendingMigrations, type Pool, run, runOne } from '@chatelaine/postgres';
import { countStale, openSigningKeys, openVault } from '@chatelaine/keys';
import type { Config } from '../config.ts';
import { migrationDirs, VAULT_LABEL } from '../resources.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from '../encrypted-columns.ts';
import { careful, type Finding, good, wrong } from './finding.ts';

interface Server {
  version: number;
  superuser: boolean;
  schema: string | null;
  standby: boolean;
  commit: string;
  fsync: string;
  unlogged: string[];
  used: number;
  most: number;
  size: string;
}

/** `oauth_proof` is unlogged on purpose, and empty after a crash: ADR 0023. */
const SERVER = defineQuery<Server>({
  name: 'doctor_server',
  text: `
    select current_setting('server_version_num')::int as version, r.rolsuper as superuser, current_schema() as schema,
      pg_is_in_recovery() as standby, current_setting('synchronous_commit') as commit,
        current_setting('fsync') as fsync,
      coalesce((select array_agg(c.relname::text) from pg_class c where c.relnamespace = current_schema()::regnamespace
        and c.relkind = 'r' and c.relpersistence <> 'p' and c.relname <> 'oauth_proof'), '{}') as unlogged,
      (select count(*)::int from pg_stat_activity) as used, current_setting('max_connections')::int as most,
      pg_size_pretty(pg_database_size(current_database())) as size
    from pg_roles r where r.rolname = current_user`,
});
const CLOCK = defineQuery<{ now: number }>({
  name: 'doctor_clock',
  text: 'select extract(epoch from clock_timestamp())::float8 as now',
});
const WORK = defineQuery<{ pending: number; waiting: number; failed: number; intents: number }>({
  name: 'doctor_work',
  text: `
    select (select count(*)::int from revocation where state = 'pending') as pending,
      (select count(*)::int from revocation where state = 'pending' and created_at < now() - interval '10 minutes')
        as waiting,
      (select count(*)::int from revocation where state = 'failed' and created_at > now() - interval '14 days')
        as failed,
      (select count(*)::int from transfer where state = 'intent' and started_at < now() - interval '1 hour')
        as intents`,
});
const KIDS = defineQuery<{ kid: string }>({
  name: 'doctor_kids',
  text: `
    select kid from signing_key
    where (retired_at is null or retired_at > now()) and created_at < now() - interval '1 minute'`,
});

const OLDEST_VERSION = 150_000;
const SKEW = { careful: 1, wrong: 10 };

/** Opens a connection for one check, and closes it. */
async function looking<T>({ databaseUrl }: Config, look: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool({ url: databaseUrl, name: 'chatelaine doctor', max: 1 });
  try {
    return await look(pool);
  } finally {
    await pool.end();
  }
}

/** The key ids that every process of the AM should be publishing by now. */
export const publishedKids = (config: Config): Promise<string[]> =>
  looking(config, async (pool) => (await run(pool, KIDS)).map(({ kid }) => kid));

/** Checks the database as the AM's role sees it, its clock, the keys, and the work that waits in it. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  try {
    return await looking(config, async (pool) => {
      const findings = [...(await server(pool)), await clock(pool)];
      const pending = await pendingMigrations(pool, [...migrationDirs]);
      if (pending.length > 0)
        return [
          ...findings,
          wrong(
            `${pending.length} migrations are not applied, first ${pending[0]}: ` +
              `run \`chatelaine migrate\`, or start the AM.`,
          ),
        ];
      return [...findings, good('All migrations are applied.'), ...(await keys(pool, config)), ...(await work(pool))];
    });
  } catch (error) {
    return [wrong(`The database cannot be used: ${error instanceof Error ? error.message : String(error)}.`)];
  }
}

async function server(pool: Pool): Promise<Finding[]> {
  const found = await runOne(pool, SERVER);
  if (found === null) return [wrong('The role in DATABASE_URL was not found.')];
  const { version, superuser, schema, standby, commit, fsync, unlogged, used, most, size } = found;
  const findings = [good(`The database answers: Postgres ${Math.floor(version / 10_000)}, ${size}.`)];
  if (version < OLDEST_VERSION) findings.push(wrong('Postgres is older than 15.'));
  if (superuser)
    findings.push(
      wrong(
        'The role in DATABASE_URL is a superuser: ' +
          'a mistake or a break-in here reaches every other database. Give the AM a role of its own.',
      ),
    );
  if (schema === null || schema === 'public')
    findings.push(wrong('The role in DATABASE_URL has no schema of its own: set its search_path.'));
  if (standby) findings.push(wrong('DATABASE_URL leads to a standby: the AM decides from the primary only.'));
  if (commit === 'off' || fsync === 'off')
    findings.push(
      wrong(
        'Postgres says that it has committed what is not on disk yet (synchronous_commit or fsync is off): ' +
          'a stop that was answered could be lost.',
      ),
    );
  if (unlogged.length > 0) findings.push(wrong(`Tables that a crash empties: ${unlogged.join(', ')}.`));
  if (used > most * 0.9) findings.push(careful(`${used} of ${most} connections of Postgres are in use.`));
  return findings;
}

async function clock(pool: Pool): Promise<Finding> {
  const before = Date.now() / 1000;
  const row = await runOne(pool, CLOCK);
  const here = (before + Date.now() / 1000) / 2;
  const skew = Math.abs((row?.now ?? 0) - here);
  const says = `This machine's clock and the database's are ${skew.toFixed(1)} s apart`;
  if (skew > SKEW.wrong) return wrong(`${says}: statements and proofs will be refused. Have both set by NTP.`);
  return skew > SKEW.careful ? careful(`${says}.`) : good(`${says}.`);
}

async function keys(pool: Pool, config: Config): Promise<Finding[]> {
  try {
    const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
    const { all } = await openSigningKeys({ pool, vault, aadOf: signingKeyAad });
    const stale = await countStale(pool, ENCRYPTED_COLUMNS, vault.keyId);
    const published = all.length === 1 ? '1 signing key is published' : `${all.length} signing keys are published`;
    const findings = [good(`ENCRYPTION_KEY opens what is stored; ${published}.`)];
    if (stale > 0)
      findings.push(
        careful(`${stale} secrets are encrypted with a previous key: run \`chatelaine rotate-keys encryption\`.`),
      );
    return findings;
  } catch (error) {
    return [wrong(error instanceof Error ? error.message : String(error))];
  }
}

async function work(pool: Pool): Promise<Finding[]> {
  const { pending, waiting, failed, intents } = (await runOne(pool, WORK)) ?? {
    pending: 0,
    waiting: 0,
    failed: 0,
    intents: 0,
  };
  const findings: Finding[] = [];
  if (waiting > 0)
    findings.push(
      wrong(
        `${waiting} revocations have waited for their Host for more than ten minutes. ` +
          'Is an AM running, and does the Host answer? Its tokens expire within five minutes.',
      ),
    );
  else findings.push(good(`${pending} revocations wait for their Hosts, none for long.`));
  if (failed > 0)
    findings.push(
      careful(`${failed} revocations were given up in the last two weeks: their Hosts did not answer for seven days.`),
    );
  if (intents > 0)
    findings.push(wrong(`${intents} transfers have been open for more than an hour: no AM looks after them.`));
  return findings;
}
