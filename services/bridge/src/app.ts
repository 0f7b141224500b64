import { createPrivateKey } from 'node:crypto';
import { ping } from '@chatelaine/postgres';
import { createOutbound, type Outbound } from '@chatelaine/outbound-http';
import { accounts, sessions } from '@chatelaine/accounts';
import { openSessionKeys, openVault } from '@chatelaine/keys';
import {
  ConfigError,
  createServer,
  migrationsApplied,
  observed,
  waitingOnOthers,
  waitOnOthersOrHere,
} from '@chatelaine/service-kit';
import { traced } from '@chatelaine/telemetry';
import { apiDocs, pages } from '@chatelaine/ui';
import { accessFile, endLinks } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { disconnectAll } from './connections/disconnect.ts';
import { exportServices } from './connections/export.ts';
import { connectionPages } from './connections/routes.tsx';
import { loadDefinitions, SHIPPED_DEFINITIONS } from './definitions/load-definitions.ts';
import type { Service } from './definitions/service.ts';
import { CALL_OUTCOMES, type Deps, REFRESH_OUTCOMES, type StartDeps } from './deps.ts';
import { homePages } from './home/routes.tsx';
import { migrationDirs } from './migration-dirs.ts';
import { accessPages } from './oauth/access-routes.tsx';
import { hostFeature } from './oauth/host.ts';
import { proxy } from './proxy/routes.ts';
import { ENCRYPTED_COLUMNS, VAULT_LABEL } from './encrypted-columns.ts';

/**
 * The services that people can connect: those that ship with the bridge, and those that its operator adds.
 *
 * @throws ConfigError when a definition is wrong, or no service has a client id
 */
export async function openServices({
  definitions,
  clients,
}: Pick<Config, 'definitions' | 'clients'>): Promise<readonly Service[]> {
  const services = await loadDefinitions([SHIPPED_DEFINITIONS, ...(definitions === null ? [] : [definitions])]);
  const unknown = [...clients.keys()].filter((id) => !services.some((service) => service.id === id));
  if (unknown.length > 0)
    throw new ConfigError([`CLIENTS names ${unknown.join(', ')}, of which there is no definition.`]);
  const keyless = services.filter((service) => needsKey(service) && !isPrivateKey(clients.get(service.id)?.secret));
  if (keyless.length > 0)
    throw new ConfigError(
      keyless.map(({ id }) => `CLIENTS needs a private key (PEM) as the secret of ${id}: it signs with RSA-SHA1.`),
    );
  if (clients.size === 0)
    throw new ConfigError(['CLIENTS has no client id: without one for some service nobody can connect anything.']);
  return services;
}

const needsKey = ({ oauth }: Service): boolean => oauth.version === '1.0a' && oauth.signature_method === 'RSA-SHA1';

/** A service without a client id needs no key. */
function isPrivateKey(secret: string | undefined): boolean {
  try {
    return secret === undefined || createPrivateKey(secret).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** Calls in progress from one process, for each origin of a service. */
const CALLS_AT_ONCE = 256;

export function openOutbound({ exceptions, demo, issuer }: Pick<Config, 'exceptions' | 'demo' | 'issuer'>): Outbound {
  const ownNames = [new URL(issuer).hostname];
  // a request that waits for a service does not occupy a slot of others
  return waitingOnOthers(traced(createOutbound({ exceptions, demo, ownNames, maxPerDestination: CALLS_AT_ONCE })));
}

/** The map: every feature of the bridge, one line each. */
export async function createApp(start: StartDeps): Promise<FastifyInstance> {
  const { config, pool, services, outbound } = start;
  const seen = await observed({ config, name: 'bridge', pool });
  const app = await createServer({
    ...seen,
    issuer: config.issuer,
    ...(start.logDestination && { logDestination: start.logDestination }),
    ready: {
      database: () => ping(pool),
      migrations: migrationsApplied(pool, migrationDirs),
    },
    site: {
      name: config.name,
      role: 'Host',
      accent: '#5b4a9e',
      about:
        `${config.name} stands in for services that know nothing of authorization managers. ` +
        'What an app reads or writes there passes through here, and not through your authorization manager. ' +
        'You can disconnect a service, or cut your manager off, at any time.',
      nav: [
        { href: '/services', label: 'Your services' },
        { href: '/access', label: 'Who has access' },
      ],
    },
  });
  app.addHook('onClose', async () => {
    await outbound.close();
    await pool.end();
  });
  const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
  const key = await openSessionKeys({ pool, vault, seed: config.encryptionKey });
  const count = seen.metrics.counter({
    name: 'chatelaine_bridge_calls_total',
    help: 'Calls of services, by service and by what came of them.',
    labels: { service: services.map(({ id }) => id), outcome: CALL_OUTCOMES },
  });
  const countRefresh = seen.metrics.counter({
    name: 'chatelaine_bridge_renewals_total',
    help: 'Renewals of credentials at services, by service and by what came of them.',
    labels: { service: services.map(({ id }) => id), outcome: REFRESH_OUTCOMES },
  });
  const deps: Deps = { ...start, vault, log: app.log, skews: new Map(), calls: { count, countRefresh } };
  await app.register(sessions, { pool, name: 'bridge', key });
  await hostFeature(app, deps); // what makes it a Host: links, transfers, the check of each request
  await proxy(app, deps); // for Requesters, behind that check: the services themselves
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      home: '/services',
      mail: config.mail,
      async *exported({ id }) {
        yield exportServices(deps, id);
        yield accessFile(app, id);
      },
      erasing: {
        end: (id) => endLinks(app, id),
        async erase(id) {
          waitOnOthersOrHere({ owner: id });
          await disconnectAll(deps, id);
          return { kind: 'done' };
        },
      },
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
    }); // /sign-up /sign-in /sign-out
    homePages(scope, deps);
    connectionPages(scope, deps);
    accessPages(scope, deps);
    apiDocs(scope); // for developers: /docs
  });
  return app;
}
