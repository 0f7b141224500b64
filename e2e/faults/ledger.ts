import { hashToken } from '@chatelaine/crypto';
import { LIFETIME, parseToken } from '@chatelaine/protocol';

// Every token that a Host ever issued is matched against what the AM wrote down before it asked. The two share no ids:
// the Host does not know the id of an intent, nor the AM that of a token. So they are matched by connection and time:
// an intent accounts for one token, issued between its beginning and its end.

/** The result of `ledgerOf`. Times are in seconds since the epoch, by the single clock of the database. */
export interface Ledger {
  readonly tokens: readonly (readonly [hash: string, connection: string | null, mintedAt: number])[];
  readonly intents: readonly (readonly [
    connection: string,
    begun: number,
    closed: number | null,
    state: string,
    error: string | null,
  ])[];
}

interface Token {
  readonly hash: string;
  readonly connection: string | null;
  readonly at: number;
}

interface Intent {
  readonly from: number;
  readonly until: number;
  readonly state: string;
}

/** SQL that selects a Host's ledger as one JSON value in one snapshot, for a role that may read both schemas. */
export const ledgerOf = ({ schema, issuer }: { schema: string; issuer: string }): string => `
  with known as (
    select grant_id, connection_id from am.connection_host
    union select grant_id, connection_id from am.revocation where grant_id is not null
  )
  select json_build_object(
    'tokens',
      (select coalesce(json_agg(json_build_array(encode(t.hash, 'hex'), k.connection_id,
      extract(epoch from t.created_at))), '[]')
      from ${schema}.oauth_token t left join known k on k.grant_id = t.transfer_grant_id where t.kind = 'at'),
    'intents',
      (select coalesce(json_agg(json_build_array(x.connection_id, extract(epoch from x.started_at),
      extract(epoch from x.closed_at), x.state, x.error)), '[]')
      from am.transfer x join am.host h on h.id = x.host_id where h.issuer = '${issuer.replaceAll("'", "''")}')
  ) as ledger`;

/** The hash of a Host's token as in its tables; null for anything else. */
export function hashOfHostToken(value: unknown): string | null {
  return typeof value === 'string' && parseToken(value)?.kind === 'at' ? hashToken(value).toString('hex') : null;
}

/**
 * Matches the ledgers of all Hosts, and every token that anybody received. `lost`: tokens that somebody received and
 * that the Host does not have, or that the AM has not recorded as handed out. `orphans`: all others for which no intent
 * accounts. Both contain hashes.
 */
export function account(
  ledgers: readonly Ledger[],
  handedOut: ReadonlySet<string>,
): { lost: string[]; orphans: string[] } {
  const unmatched = ledgers.flatMap((ledger) => unmatchedIn(ledger, handedOut));
  const there = new Set(ledgers.flatMap(({ tokens }) => tokens.map(([hash]) => hash)));
  return {
    lost: [...[...handedOut].filter((hash) => !there.has(hash)), ...unmatched.filter((hash) => handedOut.has(hash))],
    orphans: unmatched.filter((hash) => !handedOut.has(hash)),
  };
}

function unmatchedIn({ tokens, intents }: Ledger, handedOut: ReadonlySet<string>): string[] {
  const minted = Map.groupBy(
    tokens.map(([hash, connection, at]): Token => ({ hash, connection, at })),
    ({ connection }) => connection,
  );
  const begun = Map.groupBy(intents, ([connection]) => connection);
  return [...minted].flatMap(([connection, there]) =>
    withoutIntent(there, (begun.get(connection ?? '') ?? []).flatMap(toIntent), handedOut),
  );
}

/** One column has a precision of milliseconds, another of microseconds. */
const ROUNDING = 0.001;
/** Seconds for which a Host, or its database, may go on with a request whose caller was told that it failed. */
const STILL_WORKING_SECONDS = 5;
/**
 * Errors after which the AM does not know the outcome. The request remains valid for as long as its statement. PROTOCOL
 * §3.3
 */
const OUTCOME_UNKNOWN = /^(lost|timeout|gone|internal|unreachable)/;

/** The period in which the intent's token can have been issued; none when the Host said that it issued nothing. */
function toIntent([, from, closed, state, error]: Ledger['intents'][number]): Intent[] {
  if (state === 'refused') return [];
  const begun = { from: from - ROUNDING, state };
  if (closed === null) return [{ ...begun, until: Number.POSITIVE_INFINITY }];
  if (state !== 'failed') return [{ ...begun, until: closed + ROUNDING }];
  return [
    {
      ...begun,
      until: OUTCOME_UNKNOWN.test(error ?? '')
        ? from + LIFETIME.statement + STILL_WORKING_SECONDS
        : closed + STILL_WORKING_SECONDS,
    },
  ];
}

/** Assigns an intent to as many tokens as possible, first to those that were handed out; the hashes of the others. */
function withoutIntent(tokens: readonly Token[], intents: readonly Intent[], handedOut: ReadonlySet<string>): string[] {
  const taken = new Map<Intent, Token>();
  const fits = ({ hash, at }: Token, { from, until, state }: Intent): boolean =>
    from <= at && at <= until && (state === 'minted' || !handedOut.has(hash));
  // moves tokens along a chain, each to another intent (bipartite matching by augmenting paths)
  const assign = (token: Token, seen: Set<Intent>): boolean =>
    intents.some((intent) => {
      if (seen.has(intent) || !fits(token, intent)) return false;
      seen.add(intent);
      const holder = taken.get(intent);
      if (holder !== undefined && !assign(holder, seen)) return false;
      taken.set(intent, token);
      return true;
    });
  const inTurn = tokens.toSorted((a, b) => Number(handedOut.has(b.hash)) - Number(handedOut.has(a.hash)));
  return inTurn.filter((token) => !assign(token, new Set())).map(({ hash }) => hash);
}
