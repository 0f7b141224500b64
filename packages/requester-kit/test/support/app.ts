import { createVault, generateSigningKey } from '@chatelaine/crypto';
import {
  createMemoryStore,
  createRequester,
  type Requester,
  type RequesterOptions,
  type RequesterStore,
} from '../../src/index.ts';
import type { TestDeployment } from './deployment.ts';

export interface App {
  readonly requester: Requester;
  readonly store: RequesterStore;
  /** A second process of the same app: it shares the store, and has nothing in memory. */
  twin(): Requester;
}

export const redirectUri = 'http://127.0.0.1:7777/callback';

/** `dynamic`: an app without a public URL, which registers at each AM. */
export function startApp(
  deployment: TestDeployment,
  kind: 'document' | 'dynamic' = 'document',
  change: Partial<RequesterOptions> = {},
): App {
  const { clock } = deployment;
  const store = createMemoryStore({ clock });
  const options: RequesterOptions = {
    name: 'Small app',
    redirectUri,
    registration:
      kind === 'dynamic'
        ? { kind, store }
        : { kind, clientId: 'https://app.example/client', jwksUri: 'https://app.example/jwks' },
    signingKey: generateSigningKey('ES256'),
    store,
    vault: createVault(new Uint8Array(32).fill(7)),
    outbound: deployment.outbound,
    clock,
    schemes: ['https', 'http'],
    ...change,
  };
  return {
    requester: createRequester(options),
    store,
    twin: () => createRequester(options),
  };
}

/** Connects an owner; the reference of the connection. */
export async function connected(
  deployment: TestDeployment,
  requester: Requester,
  owner = 'kim',
): Promise<{ owner: string; connectionId: string }> {
  const started = await requester.connect({ owner, am: deployment.am });
  if (started.kind !== 'redirect') throw new Error(JSON.stringify(started));
  const finished = await requester.callback({ owner, url: deployment.agree(started.redirectTo) });
  if (finished.kind !== 'connected') throw new Error(JSON.stringify(finished));
  return { owner, connectionId: finished.connectionId };
}

/** An app, a connection of its owner, and a transfer request over it. */
export async function ready(deployment: TestDeployment) {
  const app = startApp(deployment);
  const ref = await connected(deployment, app.requester);
  const input = { ...ref, resource: deployment.resource, scope: 'entries.read' };
  return { app, ref, input, requester: app.requester };
}
