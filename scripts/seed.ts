// Gives a running deployment its demo account, through the services' own pages:
//   node --conditions=source scripts/seed.ts --password-file <file> --app-site <origin> <issuer> …
// The issuers are those of the AM, the Hosts, the bridge and the Requester, in any order; *.localhost is this machine.
// The icons of the two small apps are at the origin.
// Repeatable. If the file does not exist, a password is made and written to it.

import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLoopbackFetch, createPerson, FLAVORS } from '@chatelaine/constellation';
import { password } from './start/secrets.ts';
import { type Place, seed, type Parties } from './start/seed.ts';
import { seedApps } from './start/seed-apps.ts';
import { STAND_INS } from './start/stand-ins.ts';

const USERNAME = 'demo';
const UP_WITHIN_MS = 120_000;
const LOOK_AGAIN_MS = 250;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'password-file': { type: 'string' }, 'app-site': { type: 'string' } },
});
const { 'password-file': file, 'app-site': site } = values;
if (file === undefined || site === undefined || positionals.length === 0)
  throw new Error(
    'Usage: node --conditions=source scripts/seed.ts --password-file <file> --app-site <origin> <issuer> …',
  );

const parties = partiesOf(positionals);
const services = [
  parties.am,
  ...parties.hosts,
  ...(parties.bridge === undefined ? [] : [parties.bridge.place]),
  parties.requester,
];
await answering(services);
const demo = createPerson({ username: USERNAME, password: kept(file) });
try {
  const say = (line: string) => console.log(`  ✓ ${line}`);
  await seed(demo, parties, say);
  await seedApps(demo, { ...parties, site }, say);
} finally {
  await demo.close();
}
console.log(`\nEverywhere the same sign-in:\n\n  username   ${demo.username}\n  password   ${demo.password}\n`);
for (const { title, url } of services) console.log(`  ${title.padEnd(11)} ${url}`);

function partiesOf(issuers: readonly string[]): Parties {
  const places = issuers.map(placeOf);
  const [am, requester] = ['am', 'lifestream'].map((name) => places.find((place) => place.name === name));
  if (am === undefined || requester === undefined) throw new Error('One issuer is am.…, one is lifestream.…');
  const bridge = places.find(({ name }) => name === 'bridge');
  return {
    am,
    requester,
    ...(bridge && { bridge: { place: bridge, services: STAND_INS } }),
    hosts: places.filter(({ flavor }) => flavor !== null),
  };
}

function placeOf(issuer: string): Place {
  const { origin, hostname } = new URL(issuer);
  const [name = ''] = hostname.split('.');
  const title = name === 'am' ? 'Chatelaine' : `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  return { name, title, url: origin, flavor: FLAVORS.find((flavor) => flavor === name) ?? null };
}

async function answering(places: readonly Place[]): Promise<void> {
  const way = createLoopbackFetch();
  const deadline = Date.now() + UP_WITHIN_MS;
  try {
    for (const { url, title } of places) {
      while (
        !(await way.fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ))
      ) {
        if (Date.now() > deadline) throw new Error(`${title} does not answer at ${url}.`);
        await pause(LOOK_AGAIN_MS);
      }
    }
  } finally {
    await way.close();
  }
}

function kept(path: string): string {
  if (!fs.existsSync(path)) fs.writeFileSync(path, `${password()}\n`, { mode: 0o600 });
  return fs.readFileSync(path, 'utf8').trim();
}
