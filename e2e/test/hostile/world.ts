import {
  addHost,
  answerConsent,
  type Constellation,
  type HostileHost,
  openHostileHost,
  type Person,
  type Question,
  signInIfAsked,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { type Documents, serveDocuments } from '@chatelaine/test-kit';
import { type Client, createClient } from '../../faults/requester.ts';

/** A response as it came over the wire. */
export interface Raw {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A Requester with one connection. */
export interface Reader {
  readonly client: Client;
  readonly accessToken: string;
  /** Makes one transfer and returns the whole response. Calls must not overlap. */
  transfer(resource: string, scope?: string): Promise<Raw>;
}

/** Two honest Hosts, hostile ones, and people with accounts at all of them. */
export interface World {
  readonly deployment: Constellation;
  readonly documents: Documents;
  readonly owners: readonly [Person, Person, Person];
  /** Lies at once; linked by the first owner. */
  readonly liar: HostileHost;
  /** Slow Hosts, each in its own way; linked by the first owner. */
  readonly slow: readonly HostileHost[];
  /** For attempts before there is a link; linked by nobody. */
  readonly stranger: HostileHost;
  connect(
    owner: Person,
    options: { name: string; answers?: (question: Question) => 'allow' | 'ask' | 'no' },
  ): Promise<Reader>;
  /** A person without accounts, whose browser stops at Requesters' redirect URIs. */
  newcomer(username: string): Person;
  close(): Promise<void>;
}

const UNLIMITED = '1000000';
const SLOW = ['slow0', 'slow1', 'slow2'];

export async function openWorld(): Promise<World> {
  const deployment = await startConstellation({
    label: 'hostile',
    hosts: ['photos', 'notes'],
    guests: ['reader', 'liar', 'stranger', ...SLOW],
    // all clients share one address, so limits by address are lifted
    env: ({ service }) => ({
      ...(service !== 'requester' && { REFUSALS_PER_MINUTE: UNLIMITED }),
      ...(service === 'am' && { HOSTS_ADDED_PER_HOUR: '100000', REGISTRATIONS_PER_HOUR: UNLIMITED }),
    }),
  });
  const documents = await serveDocuments('reader', deployment.guest('reader').port);
  const [liar, stranger] = await Promise.all(
    ['liar', 'stranger'].map((name) => openHostileHost(deployment.guest(name))),
  );
  const slow = await Promise.all(SLOW.map((name) => openHostileHost(deployment.guest(name))));
  if (liar === undefined || stranger === undefined) throw new Error('Nobody is hostile.');
  const newcomer = (username: string) => deployment.person({ username, stopsAt: [`${documents.origin}/callback`] });
  const owners = [newcomer('robin'), newcomer('kim'), newcomer('sasha')] as const;
  for (const owner of owners) {
    await signUp(owner, deployment.am.url);
    for (const host of deployment.hosts) {
      await signUp(owner, host.url);
      await owner.press('Add', { text: keptBy(owner, host) });
      await addHost(owner, { am: deployment.am, host });
    }
  }
  for (const host of [liar, ...slow]) await linkHostile(owners[0], deployment.am.url, host);
  return {
    deployment,
    documents,
    owners,
    liar,
    stranger,
    slow,
    newcomer,
    connect: (owner, options) => connect({ deployment, documents }, owner, options),
    async close() {
      await Promise.all([liar, stranger, ...slow].map((host) => host.close()));
      await documents.close();
      await deployment.stop();
    },
  };
}

/** The content of an account at a Host. */
export const keptBy = ({ username }: Pick<Person, 'username'>, { name }: { name: string }): string =>
  `kept by ${username} at ${name}`;

/** Enters the address of a Host; the page that follows. */
export async function typeAddress(owner: Person, am: string, address: string) {
  await owner.visit(`${am}/hosts/add`);
  return owner.press('Continue', { host: address });
}

/** Links a Host that asks nobody for consent. */
export async function linkHostile(owner: Person, am: string, host: HostileHost) {
  await typeAddress(owner, am, host.issuer);
  return owner.follow(/^Continue to /);
}

async function connect(
  { deployment, documents }: Pick<World, 'deployment' | 'documents'>,
  owner: Person,
  { name, answers = () => 'allow' }: Parameters<World['connect']>[1],
): Promise<Reader> {
  let raw: Raw | null = null;
  const watched = async (...given: Parameters<typeof fetch>): Promise<Response> => {
    const answer = await deployment.fetch(...given);
    const text = await answer.clone().text();
    raw = { status: answer.status, headers: answer.headers, text, json: jsonOf(text) };
    return answer;
  };
  const client = createClient({ name, am: deployment.am.url, documents, fetch: watched });
  const pushed = await client.push();
  if (pushed === null) throw new Error('The request was not accepted.');
  await owner.visit(pushed.url);
  await signInIfAsked(owner);
  const back = await answerConsent(owner, answers);
  const redeemed = await client.redeem(back.url.searchParams.get('code') ?? '', pushed.verifier);
  if (redeemed.kind !== 'ok') throw new Error(`The code was not redeemed: ${redeemed.kind}`);
  const accessToken = String(redeemed.json['access_token']);
  return {
    client,
    accessToken,
    async transfer(resource, scope = 'entries.read') {
      raw = null;
      await client.transfer({ accessToken, resource, scope });
      if (raw === null) throw new Error('No answer came.');
      return raw;
    },
  };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
