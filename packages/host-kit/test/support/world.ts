import { createInstance, type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { applyMigrations } from '@chatelaine/postgres';
import { migrationsDir } from '@chatelaine/oauth-server-pg';
import type { Link } from '@chatelaine/test-kit';
import type { Pool } from 'pg';
import { TestAm } from './test-am.ts';
import { TestHost, type TestHostOptions } from './test-host.ts';

interface HostInput {
  options?: TestHostOptions;
  paths?: readonly string[];
  name?: string;
  onPool?: (pool: Pool) => void;
  empty?: true;
}

/** One database server, two AMs, and as many Hosts as a test file starts. */
export interface World {
  readonly am: TestAm;
  readonly otherAm: TestAm;
  /** Starts a Host; `empty`: on a database without tables. */
  host(input?: HostInput): Promise<TestHost>;
  /** Starts a second process of the same Host. */
  replica(of: TestHost): Promise<TestHost>;
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const embedded: Embedded = await sharedEmbedded();
  const [am, otherAm] = await Promise.all([TestAm.start(), TestAm.start()]);
  const hosts: TestHost[] = [];
  const databases = new Map<TestHost, { database: string; input: HostInput }>();
  const open = async (database: string, input: HostInput & { sameAs?: TestHost }): Promise<TestHost> => {
    const host = await TestHost.start({ database, ams: [am, otherAm], ...input });
    hosts.push(host);
    databases.set(host, { database, input });
    return host;
  };
  return {
    am,
    otherAm,
    host: async (input = {}) =>
      open(
        (
          await createInstance(embedded, {
            role: 'photos',
            dirs: input.empty === true ? [] : [migrationsDir],
            apply: applyMigrations,
          })
        ).url,
        input,
      ),
    async replica(of) {
      const { database, input } = databases.get(of) ?? { database: '', input: {} };
      return open(database, { ...input, sameAs: of });
    },
    async close() {
      await Promise.all([am.close(), otherAm.close(), ...hosts.map((host) => host.close())]);
      await embedded.stop();
    },
  };
}

/** A world with one Host, and one link to it. */
export async function createLinkedWorld(): Promise<{
  readonly world: World;
  readonly host: TestHost;
  readonly link: Link;
}> {
  const world = await createWorld();
  const host = await world.host();
  return { world, host, link: await world.am.link(host) };
}
