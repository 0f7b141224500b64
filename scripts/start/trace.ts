import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  createLoopbackFetch,
  type Exchange,
  headerOf,
  type DeployedService,
  PageError,
  type Person,
  signIn,
} from '@chatelaine/constellation';
import { answerOf, type Asked, findTransfer, type Json, member, type Transfer } from './find-transfer.ts';
import type { Parties as AnyParties } from './seed.ts';

type Parties = AnyParties<DeployedService>;

const AGAIN_MS = 1_000;

/**
 * Makes the Requester show the demo account its feed, records what the services send each other meanwhile, and explains
 * one transfer of it. Every value is read from what was sent. If there was no transfer, because the owner has changed
 * things since, the feed's own words say why.
 */
export async function traceTransfer(demo: Person, parties: Parties): Promise<string[]> {
  const exchanges: Exchange[] = [];
  const taps = [parties.am, ...parties.hosts].map(({ front }) =>
    front.record((exchange) => void exchanges.push(exchange)),
  );
  // leads to the feed; what a Host could not answer yet is requested again, with the same token
  let page = await signIn(demo, parties.requester.url);
  for (
    let looked = 0;
    page.status === 200 && found(exchanges, parties) === null && exchanges.slice(looked).some(isTooEarly);
  ) {
    looked = exchanges.length;
    await setTimeout(AGAIN_MS);
    page = await demo.visit(parties.requester.url);
  }
  for (const tap of taps) tap.stop();
  if (page.status !== 200) throw new PageError(`${parties.requester.title} does not show its feed.`, page);
  const transfer = found(exchanges, parties);
  if (transfer === null) return nothingToTell(parties, page.text);
  return [...tell(transfer, parties), ...(await tellThief(transfer))];
}

const found = (exchanges: readonly Exchange[], { hosts }: Parties): Transfer | null =>
  hosts.map((host) => findTransfer(exchanges, host)).find((one) => one !== null) ?? null;

/** For its first ten seconds, a Host with a new database answers calls with 503 (ADR 0023). */
const isTooEarly = ({ request, response }: Exchange): boolean =>
  response.status === 503 && request.path.startsWith('/api/');

function nothingToTell({ requester, am }: Parties, feed: string): string[] {
  return [
    `No transfer to show: ${requester.title} obtains nothing from any Host now. Its feed says:`,
    ...feed.split('\n').map((line) => `  | ${line}`),
    `Link Hosts at ${am.url}/hosts and connect ${requester.title} at ${requester.url}/connect.`,
  ];
}

function tell({ host, asked, minted, called }: Transfer, { am, requester }: Parties): string[] {
  const hop2 = new URLSearchParams(minted.request.body);
  const statement = claims(hop2.get('actor_token') ?? '');
  const answer = answerOf(minted);
  const key = proofKey(asked.exchange);
  const authorization = headerOf(called.request, 'authorization') ?? '';
  return [
    step(1, requester.title, am.title, `POST ${asked.exchange.request.path}${askedFor(asked, host)}`),
    fact('token', short(asked.connectionToken), 'its connection: good for asking, for nothing else'),
    fact('resource', asked.resource),
    fact('scope', asked.scope),
    fact('DPoP', `key ${short(key)}`, 'the key the token is to be bound to'),
    '',
    step(2, am.title, host.title, `POST ${minted.request.path}`),
    fact('grant_type', grantType(hop2), 'RFC 8693'),
    fact('subject_token', short(hop2.get('subject_token')), `the owner's link with ${host.title}: opens no data`),
    fact('actor_token', `sub ${member(statement, 'sub')}`, `the statement of ${member(statement, 'iss')}: for whom`),
    fact('', `cnf.jkt ${short(thumbprintIn(statement))}`, sameness(thumbprintIn(statement), key)),
    '',
    step(3, host.title, am.title, `${minted.response.status}: minted by ${host.title}, which has the last word`),
    ...tokenFacts(answer, key),
    '',
    step(4, am.title, requester.title, `${asked.exchange.response.status}: passed on`),
    fact('access_token', short(member(asked.answer, 'access_token')), sameToken(asked.answer, answer)),
    '',
    step(5, requester.title, host.title, `${called.request.method} ${called.request.path}`),
    fact('Authorization', `${authorization.split(' ')[0]} ${short(authorization.split(' ')[1])}`),
    fact('DPoP', `key ${short(proofKey(called))}`, sameness(proofKey(called), key)),
    '',
    step(6, host.title, requester.title, `${called.response.status}: ${contents(called)}`),
  ];
}

function askedFor({ items }: Asked, host: DeployedService): string {
  return items === null ? '' : `: ${items} keys in one call. This one is for ${host.title}`;
}

function tokenFacts(answer: Json, key: string): string[] {
  return [
    fact('access_token', short(member(answer, 'access_token'))),
    fact('token_type', member(answer, 'token_type')),
    fact('scope', member(answer, 'scope')),
    fact('expires_in', `${member(answer, 'expires_in')} seconds`),
    fact('cnf.jkt', short(thumbprintIn(answer)), sameness(thumbprintIn(answer), key)),
    fact('iss', member(answer, 'iss')),
  ];
}

/** Tries what somebody could do who has copied the token on its way. */
async function tellThief({ host, called }: Transfer): Promise<string[]> {
  const token = headerOf(called.request, 'authorization')?.split(' ')[1] ?? '';
  const way = createLoopbackFetch();
  try {
    const answer = await way.fetch(`${host.url}${called.request.path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const error = /error="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
    return [
      '',
      step(7, 'A thief', host.title, 'the same token without the key'),
      fact('answer', `${answer.status}${error === undefined ? '' : ` ${error}`}`),
    ];
  } finally {
    await way.close();
  }
}

const INDENT = '     ';
const LABEL_WIDTH = 14;
const VALUE_WIDTH = 42;

function step(number: number, from: string, to: string, what: string): string {
  return `  ${number}  ${from} → ${to}   ${what}`;
}

function fact(label: string, value: string, remark?: string): string {
  const line = `${INDENT}${label.padEnd(LABEL_WIDTH)} ${value}`;
  return remark === undefined ? line : `${line.padEnd(INDENT.length + LABEL_WIDTH + VALUE_WIDTH)}  ${remark}`;
}

/** Enough of a secret to recognise it, too little to use it. */
function short(secret: string | null | undefined): string {
  if (secret === null || secret === undefined || secret === '') return '(none)';
  const kind = /^cha_[a-z]+_/.exec(secret)?.[0] ?? '';
  return `${kind}${secret.slice(kind.length, kind.length + 6)}…`;
}

const grantType = (form: URLSearchParams): string =>
  (form.get('grant_type') ?? '(none)').replace('urn:ietf:params:oauth:grant-type:', '');

const sameness = (one: string, other: string): string => (one === other ? 'the same key' : 'ANOTHER KEY');

const sameToken = (one: Json, other: Json): string =>
  member(one, 'access_token') === member(other, 'access_token') ? 'the same token' : 'ANOTHER TOKEN';

function thumbprintIn(json: Json): string {
  const { cnf } = json;
  return typeof cnf === 'object' && cnf !== null ? member(cnf as Json, 'jkt') : '(none)';
}

/** The claims of a JWT; whether they may be believed is for its receiver to check. */
function claims(jwt: string): Json {
  return decode(jwt.split('.')[1]);
}

function decode(part: string | undefined): Json {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString() || '{}') as Json;
}

/** The thumbprint of the key in a request's DPoP proof. RFC 7638, RFC 9449 §6.1. */
function proofKey({ request }: Exchange): string {
  const { jwk } = decode((headerOf(request, 'dpop') ?? '').split('.')[0]) as { jwk?: Record<string, string> };
  if (jwk === undefined) return '(none)';
  const members = jwk['kty'] === 'EC' ? ['crv', 'kty', 'x', 'y'] : ['crv', 'kty', 'x'];
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(canonical).digest('base64url');
}

function contents({ response }: Exchange): string {
  const { entries } = JSON.parse(response.body) as { entries?: { text: string }[] };
  const first = entries?.[0];
  return first === undefined ? 'no entries' : `${entries?.length} entries, the newest "${first.text}"`;
}
