import { spend } from '@chatelaine/test-kit';
import { type Embedded, startEmbedded } from './embedded.ts';
import { shareTemplates, dropDatabasesOf } from './instance.ts';

/**
 * Without replication, and without what only large or lasting databases need: it would cost more than the tests.
 */
const SETTINGS = ['wal_level=minimal', 'max_wal_senders=0', 'autovacuum=off', 'jit=off', 'io_method=sync'];

let server: Promise<Embedded> | undefined;

/**
 * The Postgres that all test files of this process share: started at the first call, and ended with the process. `stop`
 * drops the databases that were made through the returned value. A test that crashes Postgres or changes its settings
 * starts one of its own (`startEmbedded`).
 */
export async function sharedEmbedded(): Promise<Embedded> {
  server ??= spend('Postgres', () => startEmbedded({ settings: SETTINGS }));
  const { port, url } = await server;
  const lease: Embedded = {
    port,
    url,
    crash: refuse,
    restart: refuse,
    stop: () => dropDatabasesOf(lease),
  };
  shareTemplates(lease, await server);
  return lease;
}

function refuse(): never {
  throw new Error('Other tests use this Postgres, too: start one of your own with startEmbedded.');
}
