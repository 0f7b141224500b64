// How long others wait while there are hostile Hosts and slow client documents: `pnpm bench:strangers [--rounds 7]`.
// Writes bench/results/strangers.md.

import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  act,
  createPerson,
  freePorts,
  type HostileHost,
  openHostileHost,
  signIn,
  signUp,
} from '@chatelaine/constellation';
import { addBeside, type Beside, type Chain, startChain } from './chain.ts';
import { REDIRECT_URI } from './code.ts';
import { connect, registered } from './connection.ts';
import { startDatabases } from './databases.ts';
import type { Party, Prepared } from './requests.ts';
import { type Sent, sendPaced, tookWith } from './paced.ts';
import { DOCUMENTS_NAME, type Documents, serveStrangers } from './strangers/flood.ts';
import { type Block, summary, write } from './strangers/report.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);

const ACCOUNTS = 20;
const LATE_MS = 4_500;
const BLOCK_SECONDS = 12;
/** The first seconds of a block are not counted: until then, not everything that will be late is late. */
const WARM_SECONDS = 5;
/** Per second: hop 2 of each account, and client documents. */
const HOSTILE = { transfers: 1, documents: 5 };
/** Per second, of those who are measured. */
const MEASURED = { transfers: 4, pages: 2, signIns: 0.5 };
const STOPS_A_BLOCK = 3;

interface Account {
  readonly party: Party;
  readonly access: string;
  readonly beside: Beside;
  readonly host: HostileHost;
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const late: act.Act = (scene) => {
  const timer = setTimeout(() => act.honestly(scene), LATE_MS);
  scene.response.on('close', () => clearTimeout(timer));
};

const databases = await startDatabases();
const [documentsPort = 0, ...ports] = await freePorts(ACCOUNTS + 1);
const documents = await serveStrangers(documentsPort);
const hosts = await Promise.all(ports.map(openHost));
const chain = await startChain({
  databaseUrl: await databases.chain(),
  strangers: [{ name: DOCUMENTS_NAME, port: documentsPort }, ...hosts.map(({ beside }) => beside)],
  env: { DOCUMENTS_PER_MINUTE: '1000000', REGISTRATIONS_PER_HOUR: '1000000', REFUSALS_PER_MINUTE: '1000000' },
});
try {
  const accounts: Account[] = [];
  for (const one of hosts) accounts.push(await openAccount(chain, one));
  progress(`${ACCOUNTS} accounts, each with a Host of its own`);
  const well: Block[] = [];
  const beside: Block[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [blocks, delay] of [
      [well, 0],
      [beside, LATE_MS],
    ] as const) {
      setLate(accounts, documents, delay);
      blocks.push(await runBlock(chain, accounts, documents));
      // waits until everything that is late is over
      await pause(delay);
    }
    progress(`round ${round}: ${summary(well.at(-1))}, then ${summary(beside.at(-1))}`);
  }
  write(
    {
      rounds,
      accounts: ACCOUNTS,
      transfersPerSecond: HOSTILE.transfers,
      documentsPerSecond: HOSTILE.documents,
      lateMs: LATE_MS,
      blockSeconds: BLOCK_SECONDS,
      warmSeconds: WARM_SECONDS,
    },
    well,
    beside,
  );
} finally {
  await chain.stop();
  await Promise.all([documents.close(), ...hosts.map(({ host }) => host.close())]);
  await databases.stop();
}

async function openHost(port: number, index: number): Promise<{ beside: Beside; host: HostileHost }> {
  const name = `late${index}`;
  const issuer = `http://${name}.localhost:${port}`;
  return { beside: { name, issuer, port }, host: await openHostileHost({ name, port, url: issuer, tls: null }) };
}

async function openAccount({ am }: Chain, { beside, host }: { beside: Beside; host: HostileHost }): Promise<Account> {
  const person = createPerson({ username: beside.name, stopsAt: [REDIRECT_URI] });
  await signUp(person, am.issuer);
  await addBeside(person, am, beside);
  const party = await registered(am, beside.name);
  const { access } = await connect(person, am, party);
  await person.close();
  return { party, access, beside, host };
}

function setLate(accounts: readonly Account[], documents: Documents, delay: number): void {
  documents.delay = delay;
  for (const { host } of accounts) {
    if (delay > 0) host.script.transfer = late;
    else delete host.script.transfer;
  }
}

/** Both kinds of blocks send equally much: only how the others are answered is compared. */
async function runBlock(chain: Chain, accounts: readonly Account[], documents: Documents): Promise<Block> {
  const { am, port } = chain;
  const names = Array.from({ length: STOPS_A_BLOCK }, () => `Reader ${Math.random().toString(36).slice(2)}`);
  for (const name of names) await connect(chain.person, am, await registered(am, name));
  const hostile = await Promise.all(
    accounts.map(({ party, access, beside }) =>
      chain.transfers(HOSTILE.transfers * BLOCK_SECONDS, { party, access, host: beside }),
    ),
  );
  const authorize = Array.from({ length: HOSTILE.documents * BLOCK_SECONDS }, () => arriving(chain, documents));
  const honest = await chain.transfers(MEASURED.transfers * (BLOCK_SECONDS - WARM_SECONDS));
  const sending = Promise.all([
    ...hostile.map((requests) => sendPaced(port, requests, HOSTILE.transfers)),
    sendPaced(port, authorize, HOSTILE.documents),
  ]);
  await pause(WARM_SECONDS * 1_000);
  const seconds = BLOCK_SECONDS - WARM_SECONDS;
  const [transfers, pages, signIns, stops] = await Promise.all([
    sendPaced(port, honest, MEASURED.transfers),
    paced(MEASURED.pages * seconds, MEASURED.pages, () => visit(chain)),
    paced(Math.floor(MEASURED.signIns * seconds), MEASURED.signIns, () => signInAnew(chain)),
    paced(names.length, names.length / seconds, () => stop(chain, names)),
  ]);
  const answers = (await sending).flat();
  const all = [...transfers, ...pages, ...signIns, ...stops];
  return {
    transfers: tookWith(transfers, 200),
    pages: tookWith(pages, 200),
    signIns: tookWith(signIns, 200),
    stops: tookWith(stops, 200),
    refused: all.filter(({ status }) => status !== 200).length,
    hostile: Object.fromEntries(
      [...new Set(answers.map(({ status }) => status))].map((status) => [status, tookWith(answers, status).length]),
    ),
  };
}

function arriving({ am }: Chain, { origin }: Documents): Prepared {
  const query = new URLSearchParams({ client_id: `${origin}/small/${Math.random()}`, response_type: 'code' });
  const host = `${new URL(am.issuer).hostname}:${am.port}`;
  return { method: 'GET', path: `/authorize?${query.toString()}`, host, headers: {}, body: '' };
}

/** Runs at a steady pace, whether or not earlier runs have ended. */
async function paced(count: number, perSecond: number, run: () => Promise<number>): Promise<Sent[]> {
  const sending: Promise<Sent>[] = [];
  for (let n = 0; n < count; n++) {
    sending.push(timed(run));
    await pause(1_000 / perSecond);
  }
  return Promise.all(sending);
}

async function timed(run: () => Promise<number>): Promise<Sent> {
  const began = performance.now();
  const status = await run().catch((error: unknown) => {
    progress(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    return 0;
  });
  return { began, took: performance.now() - began, status, said: '' };
}

async function visit({ am, person }: Chain): Promise<number> {
  return (await person.tab().visit(`${am.issuer}/apps`)).status;
}

async function stop({ am, person }: Chain, names: string[]): Promise<number> {
  const tab = person.tab();
  await tab.visit(`${am.issuer}/apps`);
  return (await tab.press(`Stop ${names.shift() ?? ''}`)).status;
}

/** A sign-in from another browser: pages and a password. */
async function signInAnew({ am }: Chain): Promise<number> {
  const person = createPerson();
  try {
    return (await signIn(person, am.issuer)).status;
  } finally {
    await person.close();
  }
}
