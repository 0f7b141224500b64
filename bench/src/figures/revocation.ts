import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { act } from '@chatelaine/constellation';
import { createDpopProof, systemClock } from '@chatelaine/crypto';
import pg from 'pg';
import type { Chain } from '../chain.ts';
import { connect, registered } from '../connection.ts';
import { runBlock } from '../load.ts';
import { sendPaced } from '../paced.ts';
import { type Party, send } from '../requests.ts';
import { at, type Figure, seconds } from './figure.ts';
import type { SlowHost } from './slow-host.ts';

const STOPS = 100;
const POLL_MS = 10;
const GIVE_UP_MS = 60_000;

interface Stop {
  /** Milliseconds from pressing the button until the Host's API refused. */
  readonly host: number;
  readonly am: 'refuses' | 'hands out';
}

/** How many revocations wait for a Host that does not confirm them. */
const PILE = 10_000;

/**
 * Owners stop connections on their page. Then the AM is asked for a token once it has answered, and the Host's API
 * again and again.
 */
export async function revocation(chain: Chain): Promise<Figure[]> {
  const stops: Stop[] = [];
  for (let turn = 0; turn < STOPS; turn++) stops.push(await stopOne(chain, `Reader ${turn}`));
  const host = stops.map((stop) => stop.host);
  return [
    {
      what: 'stopped by its owner: until the Host’s API refuses its token',
      held: 'p99 ≤ 5 s',
      measured:
        `p50 ${seconds(at(host, 0.5))}, p99 ${seconds(at(host, 0.99))} ` +
        `(of ${STOPS}, from the press of the button)`,
    },
    {
      what: 'tokens handed out by the AM in a request that began after the stop was answered',
      held: '0',
      measured: `${stops.filter(({ am }) => am === 'hands out').length} of ${STOPS}`,
    },
  ];
}

/** The same, beside another Host that has ten thousand revocations to confirm and never answers. */
export async function besidePile(chain: Chain, slow: SlowHost, databaseUrl: string): Promise<Figure[]> {
  slow.host.script.revoke = act.silently;
  await pile(databaseUrl, slow.beside.issuer);
  const host: number[] = [];
  for (let turn = 0; turn < STOPS; turn++) host.push((await stopOne(chain, `Waiter ${turn}`)).host);
  return [
    {
      what: `the same beside another Host with ${PILE.toLocaleString('en')} pending revocations that does not answer`,
      held: 'p99 ≤ 5 s',
      measured: `p50 ${seconds(at(host, 0.5))}, p99 ${seconds(at(host, 0.99))} (of ${STOPS})`,
    },
  ];
}

async function pile(databaseUrl: string, issuer: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id)
       select 'rev_pile_' || n, l.owner_id, l.id, l.host_id, 'con_pile', 'pile-' || n
       from link l join host h on h.id = l.host_id, generate_series(1, $2::int) n where h.issuer = $1`,
      [issuer, PILE],
    );
    if (rowCount !== PILE) throw new Error(`There are ${rowCount} revocations at ${issuer}.`);
  } finally {
    await client.end();
  }
}

async function stopOne(chain: Chain, name: string): Promise<Stop> {
  const { am, person } = chain;
  const party = await registered(am, name);
  const { access } = await connect(person, am, party);
  const [asking, again] = await chain.transfers(2, { party, access });
  if (asking === undefined || again === undefined) throw new Error('no requests');
  const { answers } = await runBlock(chain.port, [asking], 1);
  const token = String(answers[0]?.json['access_token']);
  if ((await callHost(chain, party, token)) !== 200) throw new Error('The Host refuses a token that is good.');
  const tab = person.tab();
  await tab.visit(`${am.issuer}/apps`);
  const pressed = performance.now();
  const refused = untilRefused(chain, party, token);
  await tab.press(`Stop ${name}`);
  const [after] = await sendPaced(chain.port, [again], 1);
  return { host: (await refused) - pressed, am: after?.status === 200 ? 'hands out' : 'refuses' };
}

async function untilRefused(chain: Chain, party: Party, token: string): Promise<number> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (performance.now() < deadline) {
    if ((await callHost(chain, party, token)) === 401) return performance.now();
    await pause(POLL_MS);
  }
  throw new Error(`The Host still takes a token ${GIVE_UP_MS} ms after its connection was stopped.`);
}

async function callHost({ host }: Chain, { dpop }: Party, token: string): Promise<number> {
  const htu = `${host.issuer}/api/entries`;
  const proof = await createDpopProof({ key: dpop, htm: 'GET', htu, accessToken: token, clock: systemClock });
  const headers = { authorization: `DPoP ${token}`, dpop: proof };
  const request = { method: 'GET', path: '/api/entries', host: new URL(htu).host, headers, body: '' } as const;
  return (await send(host.port, request, http.globalAgent)).status;
}
