import type { Person } from '@chatelaine/constellation';
import { readProffer } from '@chatelaine/crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { browse, type Held, obtainCode, redeem } from './connect.ts';
import { type Decision, now, type Offer, type Outcome, type Span } from './history.ts';
import type { World } from './world.ts';

// Terms while things break: Requesters sign, decline, or do both at two processes at once; owners offer other terms,
// and adopt a new version for all connections. PROTOCOL §10.

const OLD = 'no-training/1.0';
const NEW = 'no-training/1.1';
const OTHER_TERMS = [NEW, 'only-for-me/1.0', 'not-passed-on/1.0'];
const TRIES = 100;
const RETRY_MS = 100;
const SCOPE = 'entries.read';
/** Concurrent transfers of one connection, over all processes of the AM. */
const AT_ONCE = 50;

/** The terms that an owner may choose for a new Requester: none, those they ask of all, or others. */
export const CHOSEN_TERMS = [{}, {}, { terms: 'only-for-me/1.0' }, { terms: '' }] as const;

/**
 * Makes owners whose chosen version of terms has been superseded. It is written into the tables, since the page offers
 * only the newest version.
 */
export async function chooseOldTerms({ deployment }: World): Promise<boolean> {
  return deployment.database.query('am', `update owner set terms = $1`, [[OLD]]).then(
    () => true,
    () => false,
  );
}

interface ReceivedOffer {
  readonly proffer: string;
  readonly given: Span;
  readonly terms: readonly string[];
  /** The AM's id of the connection. */
  readonly id: string;
  readonly isAnswered: boolean;
}

/** Reads the offer in force; null when there is none, or when a fault prevented it. */
async function readOffer({ history }: World, { client, connection }: Held): Promise<ReceivedOffer | null> {
  const seen = await client.agreements({ accessToken: connection.token });
  const { begin, end, outcome } = seen;
  const given = { begin, end };
  const json = outcome.kind === 'ok' ? outcome.json : {};
  const proffer = typeof json['proffer'] === 'string' ? json['proffer'] : '';
  history.agreements.push({ ...seen, connection, proffer, given, decision: null });
  if (proffer === '') return null;
  const read = await readProffer(proffer);
  if ('fault' in read) {
    history.violations.push(`I10: ${connection.name} was given an offer that is none: ${read.fault}`);
    return null;
  }
  const { terms, sub: id } = read.claims;
  return { proffer, given, terms: terms.map(({ uri }) => uri), id, isAnswered: json['agreement'] !== undefined };
}

/**
 * Answers the owner's offer as a Requester does whose responses may get lost: it repeats until it knows the outcome.
 * `both`: two of its processes decide at once, and differently.
 */
export async function answerOffer(world: World, held: Held, way: Decision | 'both'): Promise<void> {
  const offer = await readOffer(world, held);
  if (offer === null || offer.isAnswered) return;
  const { proffer, given } = offer;
  const { client, connection } = held;
  const decisions: readonly Decision[] = way === 'both' ? ['accepted', 'declined'] : [way];
  const send = async (decision: Decision): Promise<void> => {
    const agreement = await client.sign(proffer, decision);
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await pause(RETRY_MS);
      const seen = await client.agreements({ accessToken: connection.token, agreement });
      world.history.agreements.push({ ...seen, connection, proffer, given, decision });
      if (isDecision(seen.outcome)) return;
    }
  };
  await Promise.all(decisions.map(send));
}

const isDecision = ({ kind }: Outcome): boolean => kind === 'ok' || kind === 'refused' || kind === 'broken_promise';

/** The owner offers other terms to one connection, on the page of its app. */
export async function offerOther(world: World, owner: Person, held: Held): Promise<void> {
  const { deployment, history, random } = world;
  const { connection } = held;
  const offer = await readOffer(world, held);
  const name = random.pick(OTHER_TERMS.filter((one) => !(offer?.terms[0]?.endsWith(`/${one}`) ?? false)));
  let begin = now();
  const page = await browse(world, owner, async (tab) => {
    if (offer === null) {
      await tab.visit(`${deployment.am.url}/apps`);
      await tab.follow(connection.name);
    } else await tab.visit(`${deployment.am.url}/apps/${offer.id}`);
    begin = now();
    return tab.press('Offer these terms', { terms: name, 'terms-alternate': '' });
  });
  // an earlier offer whose response was lost may still be under way, and offers the same terms as this one
  const isSure = !history.offers.some((one) => one.connection === connection && one.outcome === 'unknown');
  const outcome = page?.status === 200 && isSure ? 'ok' : 'unknown';
  history.offers.push({ connection, begin, end: now(), outcome });
}

/** The owner adopts the new version for all connections that are offered the old one. */
export async function adopt(world: World, owner: Person): Promise<Omit<Offer, 'connection'>> {
  const { deployment, history } = world;
  let begin = now();
  const page = await browse(world, owner, async (tab) => {
    await tab.visit(`${deployment.am.url}/terms`);
    begin = now();
    return tab.press(NEW);
  });
  const end = now();
  history.adoptions.push({ owner: owner.username, begin, end });
  return { begin, end, outcome: page?.status === 200 ? 'ok' : 'unknown' };
}

/**
 * New versions that are adopted during many transfers of a connection that has signed the old one; the checks (I10)
 * compare when each token was handed out.
 */
export async function raceAdoptions(
  world: World,
  { adoptions, until, tell }: { adoptions: number; until: number; tell: (line: string) => void },
): Promise<void> {
  for (let round = 1; round <= adoptions && now() < until; round++) {
    const owner = world.random.pick(world.owners);
    if (!(await chooseOldTerms(world))) continue;
    const coded = await obtainCode(world, owner);
    const held = coded === null ? null : await redeem(world, coded);
    if (held !== null) await raceAdoption(world, owner, held);
    if (round % 20 === 0) tell(`${round} adoptions raced`);
  }
}

async function raceAdoption(world: World, owner: Person, held: Held): Promise<void> {
  const { connection, client } = held;
  const { history, random, deployment } = world;
  const { resource } = random.pick(deployment.hosts);
  const transfer = async (): Promise<void> => {
    const seen = await client.transfer({ accessToken: connection.token, resource, scope: SCOPE });
    history.transfers.push({ ...seen, connection, resource });
  };
  // like a Requester that died between redeeming its code and signing, and has restarted
  await transfer();
  await answerOffer(world, held, 'accepted');
  const some = 1 + random.below(AT_ONCE / 2);
  const reached = Promise.withResolvers<void>();
  let answered = 0;
  const transfers = Array.from({ length: AT_ONCE }, async () => {
    await transfer();
    if (++answered === some) reached.resolve();
  });
  await reached.promise;
  const adopted = await adopt(world, owner);
  history.offers.push({ ...adopted, connection });
  if (adopted.outcome === 'ok') history.racedAdoptions.push(connection);
  await transfer();
  await Promise.all(transfers);
  await answerOffer(world, held, random.pick(['accepted', 'accepted', 'both']));
  await transfer();
}
