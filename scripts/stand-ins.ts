// The two services of the demo that know nothing of AMs, and the site of its two small apps, behind a proxy:
//   node --conditions=source scripts/stand-ins.ts --kept <folder> --shared <folder> --bridge <issuer> \
//     <origin of Chirp> <origin of Plume>
// `kept` is for their own data; `shared` is for the bridge: definitions, and a file `env` with its DEFINITIONS and
// CLIENTS. If there is no client secret, one is made.

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startAppSite } from './start/app-site.ts';
import { password } from './start/secrets.ts';
import { startStandIns } from './start/stand-ins.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kept: { type: 'string' }, shared: { type: 'string' }, bridge: { type: 'string' } },
});
const { kept, shared, bridge } = values;
const [chirp, plume] = positionals;
if (kept === undefined || shared === undefined || bridge === undefined || chirp === undefined || plume === undefined)
  throw new Error('Usage: scripts/stand-ins.ts --kept <folder> --shared <folder> --bridge <issuer> <origin> <origin>');

const secretFile = path.join(kept, 'secret');
if (!fs.existsSync(secretFile)) fs.writeFileSync(secretFile, password(), { mode: 0o600 });
const ADDRESS = '0.0.0.0';
const site = await startAppSite({ address: ADDRESS });
const { env, close } = await startStandIns({
  folder: kept,
  definitions: path.join(shared, 'definitions'),
  bridge,
  account: 'demo',
  secret: fs.readFileSync(secretFile, 'utf8'),
  behind: { origins: { chirp, plume }, address: ADDRESS },
});
const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`);
fs.writeFileSync(path.join(shared, 'env'), lines.join(''), { mode: 0o600 });
console.log(`Chirp is ${chirp}, and Plume is ${plume}.`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void Promise.all([close(), site.close()]));
