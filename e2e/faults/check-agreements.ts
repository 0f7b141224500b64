import type { Constellation } from '@chatelaine/constellation';
import { isAmong, readTermsRecord } from '@chatelaine/crypto';
import type { Agreement, Decision, HeldConnection, History, Moment, Offer, Transfer } from './history.ts';

// I10: no token under terms that had not been agreed to when it was requested; and one record of each offer, the same
// on both sides.

/** Violations in what the clients saw of their owners' terms. */
export function checkAgreements(history: History): string[] {
  const knowledge = knownTerms(history);
  const byOffer = Map.groupBy(
    history.agreements.filter(({ proffer }) => proffer !== ''),
    ({ proffer }) => proffer,
  );
  return [
    ...[...byOffer.values()].flatMap(checkRecord),
    ...history.agreements.flatMap((agreement) =>
      checkAnswer(agreement, { history, knowledge, ofOffer: byOffer.get(agreement.proffer) ?? [] }),
    ),
    ...history.transfers.flatMap((transfer) => checkToken(transfer, knowledge)),
  ];
}

/** The offers to each connection, and the answers to them. */
export interface KnownTerms {
  offersOf(connection: HeldConnection): readonly Offer[];
  answersOf(connection: HeldConnection): readonly Agreement[];
}

export function knownTerms({ offers, adoptions, agreements }: History): KnownTerms {
  const [offered, answered] = [Map.groupBy(offers, tokenOf), Map.groupBy(agreements, tokenOf)];
  const adopted = Map.groupBy(adoptions, ({ owner }) => owner);
  return {
    offersOf: (connection) => [
      ...(offered.get(connection.token) ?? []),
      ...(adopted.get(connection.owner) ?? []).map(({ begin, end }) => ({
        connection,
        begin,
        end,
        outcome: 'unknown' as const,
      })),
    ],
    answersOf: ({ token }) => answered.get(token) ?? [],
  };
}

const tokenOf = ({ connection }: { connection: HeldConnection }): string => connection.token;

/** Once an offer was answered, everybody gets the same record, byte for byte. */
function checkRecord(agreements: readonly Agreement[]): string[] {
  const [one] = agreements;
  const records = new Set(agreements.flatMap((agreement) => recordIn(agreement) ?? []));
  return one === undefined || records.size <= 1
    ? []
    : [`I10: an offer to ${one.connection.name} has ${records.size} records`];
}

function checkAnswer(
  agreement: Agreement,
  { history, knowledge, ofOffer }: { history: History; knowledge: KnownTerms; ofOffer: readonly Agreement[] },
): string[] {
  const { connection, decision, outcome, end, given } = agreement;
  if (outcome.kind === 'broken_promise') return [`I9: ${outcome.what}`];
  const record = recordIn(agreement);
  if (decision !== null && record !== null && decisionOf(record) !== decision)
    return [`I10: ${connection.name} was told that its answer is kept, and another is`];
  if (outcome.kind !== 'refused') return [];
  const isStopped = history.stops.some((stop) => stop.connection.token === connection.token && stop.begin < end);
  const isSuperseded = knowledge.offersOf(connection).some((one) => overlaps(one, given.begin, end));
  const isAnswered = outcome.status === 409 && ofOffer.some((other) => isOther(other, decision));
  return isStopped || (decision !== null && isSuperseded) || isAnswered
    ? []
    : [`I1: an answer of ${connection.name} to its owner's terms was refused (${outcome.status} ${outcome.error})`];
}

const isOther = (one: Agreement, decision: Decision | null): boolean =>
  one.decision !== null && one.decision !== decision;
const overlaps = (offer: Offer, begin: Moment, end: Moment): boolean => offer.begin < end && offer.end > begin;

/** A token requires an answer to the last offer that was in force before it was requested, or to a later one. */
function checkToken({ connection, begin, end, outcome }: Transfer, { offersOf, answersOf }: KnownTerms): string[] {
  if (outcome.kind !== 'ok') return [];
  const offers = offersOf(connection).filter((offer) => offer.outcome === 'ok' && offer.end < begin);
  const last = Math.max(...offers.map((offer) => offer.begin));
  const accepted = (one: Agreement): boolean =>
    one.decision === 'accepted' && one.outcome.kind !== 'refused' && one.begin < end && one.given.end > last;
  return offers.length === 0 || answersOf(connection).some(accepted)
    ? []
    : [`I10: ${connection.name} was handed a token, and had not agreed to what its owner asked`];
}

/** Whether a refusal for want of an agreement was right, as far as its client can tell. */
export function mustAgreeFirst(
  { connection, begin, end, outcome }: Transfer,
  { offersOf, answersOf }: KnownTerms,
): boolean {
  if (outcome.kind !== 'refused') return false;
  const offers = offersOf(connection);
  const inForce = (one: Agreement): boolean => !offers.some((offer) => overlaps(offer, one.given.begin, end));
  const answers = answersOf(connection);
  if (outcome.error === 'terms_required')
    return (
      offers.length > 0 &&
      !answers.some((one) => one.outcome.kind === 'ok' && one.decision !== null && one.end < begin && inForce(one))
    );
  return (
    outcome.error === 'access_denied' &&
    answers.some((one) => one.decision === 'declined' && one.outcome.kind !== 'refused' && one.begin < end)
  );
}

function recordIn({ outcome }: Agreement): string | null {
  const record = outcome.kind === 'ok' ? outcome.json['agreement'] : undefined;
  return typeof record === 'string' ? record : null;
}

function decisionOf(record: string): Decision {
  const claims: unknown = JSON.parse(Buffer.from(record.split('.')[1] ?? '', 'base64url').toString());
  return typeof claims === 'object' && claims !== null && 'declined' in claims ? 'declined' : 'accepted';
}

type Row = Readonly<Record<string, unknown>>;

/** Violations in the AM's tables of terms. */
export async function checkAgreementTables(deployment: Constellation, history: History): Promise<string[]> {
  const read = (sql: string): Promise<Row[]> => deployment.database.query<Row>('postgres', sql);
  const found: string[] = [];
  for (const row of (await read(WITHOUT_AGREEMENT)).slice(0, 5))
    found.push(`I10: a token under terms that were not agreed to when it was asked for: ${JSON.stringify(row)}`);
  for (const row of (await read(UNDER_OLD_TERMS)).slice(0, 5))
    found.push(`I10: a token was handed out under terms that had been replaced: ${JSON.stringify(row)}`);
  for (const row of (await read(NOT_THE_LATEST)).slice(0, 5))
    found.push(`I10: a connection whose latest offer is not in force: ${JSON.stringify(row)}`);
  const kept = new Map((await read(RECORDS)).map((row) => [row['proffer'], row]));
  for (const agreement of history.agreements) {
    const record = recordIn(agreement);
    if (record !== null && kept.get(agreement.proffer)?.['answer'] !== record)
      found.push(`I1: a record of ${agreement.connection.name} was acknowledged, and is not kept`);
  }
  for (const row of kept.values()) {
    const fault = await faultOf(row);
    if (fault !== null) found.push(`I10: the record of offer ${String(row['jti'])}: ${fault}`);
  }
  return found;
}

async function faultOf(row: Row): Promise<string | null> {
  const record = await readTermsRecord(String(row['answer']));
  if ('fault' in record) return record.fault;
  const { keys } = row['signer_keys'] as { keys: readonly unknown[] };
  if (!isAmong(keys, record.key)) return 'signed with a key that is not kept beside it';
  if (record.proffer.text !== row['proffer'] || record.claims.iss !== row['client_id']) return 'of another offer';
  return row['decision'] === (record.claims.accepted === undefined ? 'declined' : 'accepted') ? null : 'says otherwise';
}

const RECORDS = `
  select p.jti, p.proffer, p.answer, p.decision, p.signer_keys, c.client_id
  from am.proffer p join am.connection c on c.id = p.connection_id where p.answer is not null`;

/** The first offer is written by consent, together with the connection. */
const WITHOUT_AGREEMENT = `
  select t.id, t.proffer_jti, p.decision from am.transfer t
  left join am.proffer p on p.bucket = t.bucket and p.jti = t.proffer_jti
  where t.state = 'minted' and case
    when t.proffer_jti is null then exists (
      select from am.connection c join am.proffer first on first.connection_id = c.id
        and first.created_at = c.created_at
      where c.id = t.connection_id)
    else p.connection_id is distinct from t.connection_id or p.decision is distinct from 'accepted'
      or p.answered_at > t.started_at end`;

/** Compared by commit times: the timeline entry is written in the same transaction as its offer. */
const OFFERED = `
  select e.data ->> 'connection' as connection_id, e.at, pg_xact_commit_timestamp(e.xmin) as since
  from am.timeline_entry e where e.kind = 'terms_proffered'`;
const UNDER_OLD_TERMS = `
  with offered as materialized (${OFFERED}), minted as (
    select t.id, t.connection_id, pg_xact_commit_timestamp(t.xmin) as left_at, coalesce(o.since, '-infinity') as since
    from am.transfer t left join am.proffer p on p.bucket = t.bucket and p.jti = t.proffer_jti
    left join offered o on o.connection_id = t.connection_id and o.at = p.created_at
    where t.state = 'minted'
  )
  select m.id, later.since from minted m
  join offered later on later.connection_id = m.connection_id and later.since > m.since and later.since < m.left_at`;
const NOT_THE_LATEST = `
  with offered as materialized (${OFFERED})
  select g.id, g.terms from am.oauth_grant g join lateral (
    select o.at from offered o where o.connection_id = g.id order by o.since desc limit 1
  ) latest on true
  where not exists (select from am.proffer p where p.bucket = g.bucket and p.jti = g.terms
    and p.created_at = latest.at)`;
