import { patience } from '@chatelaine/test-kit';
import { freePorts } from '@chatelaine/constellation';
import type { Embedded } from '@chatelaine/dev-postgres';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { docker } from './docker.ts';
import type { ContainerNetwork } from './network.ts';

/** Its host name on the containers' network. */
export const POSTGRES_ALIAS = 'postgres';

const IMAGE = 'postgres:18-bookworm';
const ACCEPTS_WITHIN_MS = patience(30);

/** A Postgres in a container, with the interface of the embedded one. */
export async function startPostgres(network: ContainerNetwork): Promise<Embedded> {
  const [port = 0] = await freePorts(1);
  const container = await new PostgreSqlContainer(IMAGE)
    .withUsername('postgres')
    .withPassword('postgres')
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .withLabels({ 'dev.chatelaine.test': 'true' })
    .withNetworkMode(network.name)
    .withNetworkAliases(POSTGRES_ALIAS)
    .withExposedPorts({ container: 5432, host: port })
    .start();
  const url = (role: string, database = 'postgres'): string =>
    `postgresql://${role}:${role}@127.0.0.1:${port}/${database}`;
  return {
    port,
    url,
    async crash() {
      await docker('kill', '-s', 'KILL', container.getId());
    },
    async restart() {
      await docker('start', container.getId());
      await waitForConnection(url('postgres'));
    },
    async stop() {
      await container.stop({ timeout: patience(10) });
    },
  };
}

async function waitForConnection(url: string): Promise<void> {
  const deadline = Date.now() + ACCEPTS_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
