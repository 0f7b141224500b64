import fs from 'node:fs';
import path from 'node:path';
import { definitionOf, type Entry, startOAuth1Service, startOAuth2Service } from '@chatelaine/stand-in-services';
import type { StandIn } from './seed.ts';

/** The ports of the demo's stand-ins. */
export const STAND_IN_PORTS = { chirp: 4831, plume: 4832 };

export interface StandIns {
  /** Environment of the bridge: where their definitions are, and its client ids there. */
  readonly env: Readonly<Record<string, string>>;
  /** Destinations that the bridge may call although they are on this machine. */
  readonly guests: readonly { name: string; port: number; url: string; tls: null }[];
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const ENTRIES: Readonly<Record<keyof typeof STAND_IN_PORTS, readonly { text: string; daysAgo: number }[]>> = {
  chirp: [
    { text: 'The ferry is late again, and nobody minds', daysAgo: 5 },
    { text: 'Learned to whistle with two fingers', daysAgo: 2 },
  ],
  plume: [{ text: 'On keeping a diary that nobody reads: a short defence', daysAgo: 7 }],
};

/** Both, for seeding. */
export const STAND_INS: readonly StandIn[] = [
  { id: 'chirp', title: 'Chirp' },
  { id: 'plume', title: 'Plume' },
];

/**
 * Two services that know nothing of AMs, for the demo's bridge: Chirp uses OAuth 2.0 with refresh tokens that rotate,
 * Plume OAuth 1.0a. The tokens that they issue are stored, so that the next start finds them.
 */
export async function startStandIns(input: {
  /** The folder for the tokens that they issue. */
  folder: string;
  /** The folder to which their definitions are written. */
  definitions: string;
  bridge: string;
  account: string;
  secret: string;
  /** If a proxy is in front: the origins by which others call them, and the address at which they listen. */
  behind?: { readonly origins: Readonly<Record<keyof typeof STAND_IN_PORTS, string>>; readonly address: string };
}): Promise<StandIns> {
  const { folder, definitions, bridge, account, secret, behind } = input;
  for (const made of [folder, definitions]) fs.mkdirSync(made, { recursive: true });
  const originOf = (id: keyof typeof STAND_IN_PORTS): string =>
    behind?.origins[id] ?? `http://${id}.localhost:${STAND_IN_PORTS[id]}`;
  const common = (id: keyof typeof STAND_IN_PORTS) => ({
    accounts: [account],
    entries: new Map([[account, entriesOf(id)]]),
    port: STAND_IN_PORTS[id],
    ...(behind && { address: behind.address }),
    file: path.join(folder, `${id}.json`),
  });
  const redirectUri = `${bridge}/services/chirp/callback`;
  const chirp = await startOAuth2Service({
    title: 'Chirp',
    client: { id: 'demo-bridge', secret, redirectUri },
    accessTokenSeconds: 300,
    ...common('chirp'),
  });
  const plume = await startOAuth1Service({
    title: 'Plume',
    client: { key: 'demo-bridge', secret },
    origin: originOf('plume'),
    ...common('plume'),
  });
  const services = [
    { id: 'chirp', title: 'Chirp', version: '2.0' },
    { id: 'plume', title: 'Plume', version: '1.0a' },
  ] as const;
  for (const { id, title, version } of services)
    fs.writeFileSync(path.join(definitions, `${id}.yaml`), definitionOf({ version, title, origin: originOf(id) }));
  const client = { id: 'demo-bridge', secret };
  return {
    env: { DEFINITIONS: definitions, CLIENTS: JSON.stringify({ chirp: client, plume: client }) },
    guests: services.map(({ id }) => ({ name: id, port: STAND_IN_PORTS[id], url: originOf(id), tls: null })),
    async close() {
      await Promise.all([chirp.close(), plume.close()]);
    },
  };
}

function entriesOf(id: keyof typeof STAND_IN_PORTS): Entry[] {
  return ENTRIES[id].map(({ text, daysAgo }, index) => ({
    id: `${id}-${index}`,
    text,
    date: new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10),
  }));
}
