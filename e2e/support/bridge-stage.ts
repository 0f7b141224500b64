import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Person } from '@chatelaine/constellation';
import { definitionOf, startOAuth1Service, startOAuth2Service } from '@chatelaine/stand-in-services';
import { freePorts } from '@chatelaine/test-kit';

/** The services that the bridge stands in for. */
export interface BridgedServices {
  /** Of the bridge and the two services, by name. */
  readonly ports: Readonly<Record<'bridge' | 'chirp' | 'plume', number>>;
  /** Environment of the bridge: their definitions, and its clients there. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const CLIENT = { id: 'bridge', secret: 'client-secret-of-the-bridge' };

/** Starts two services that know nothing of AMs, at which one account is signed in. */
export async function startBridgedServices(account: string): Promise<BridgedServices> {
  const [bridge = 0, chirp = 0, plume = 0] = await freePorts(3);
  const definitions = fs.mkdtempSync(path.join(os.tmpdir(), 'definitions-'));
  const write = (id: string, definition: Omit<Parameters<typeof definitionOf>[0], 'origin'>, port: number): void =>
    fs.writeFileSync(
      path.join(definitions, `${id}.yaml`),
      definitionOf({ ...definition, origin: `http://${id}.localhost:${port}` }),
    );
  write('chirp', { version: '2.0', title: 'Chirp' }, chirp);
  write('plume', { version: '1.0a', title: 'Plume' }, plume);
  const common = { accounts: [account], entries: new Map([[account, []]]) };
  const services = await Promise.all([
    startOAuth2Service({
      title: 'Chirp',
      client: { ...CLIENT, redirectUri: `http://bridge.localhost:${bridge}/services/chirp/callback` },
      port: chirp,
      ...common,
    }),
    startOAuth1Service({ title: 'Plume', client: { key: CLIENT.id, secret: CLIENT.secret }, port: plume, ...common }),
  ]);
  return {
    ports: { bridge, chirp, plume },
    env: { DEFINITIONS: definitions, CLIENTS: JSON.stringify({ chirp: CLIENT, plume: CLIENT }) },
    async close() {
      await Promise.all(services.map((service) => service.close()));
      fs.rmSync(definitions, { recursive: true });
    },
  };
}

/** Connects Chirp at the bridge, where somebody is signed in. */
export async function connectChirp(person: Person, bridge: string): Promise<void> {
  await person.visit(`${bridge}/services`);
  await person.press('Connect', {}, { near: 'Chirp' });
  await person.follow(/^Continue to /);
  await person.press('yes', { account: person.username });
}
