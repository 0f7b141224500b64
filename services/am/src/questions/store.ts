import { randomId } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import type { Who } from '../identity/who.tsx';
import type { Effect } from '../rules/rule.ts';

export interface OpenAsk extends Who {
  readonly id: string;
  readonly connectionId: string;
  readonly linkId: string;
  readonly hostName: string;
  readonly label: string;
  readonly purpose: string | null;
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
}

export type AskAnswer = 'once' | 'always' | 'not-now' | 'never';

interface AskRow {
  id: string;
  connection_id: string;
  link_id: string;
  client_id: string;
  client_name: string;
  client_uri: string | null;
  redirect_uri: string | null;
  is_proven: boolean | null;
  host_name: string;
  label: string;
  purpose: string | null;
  scopes: string[];
  transfer_scopes: unknown;
}

const FIND = defineQuery<AskRow>({
  name: 'inbox_find_open_ask',
  text: `
    select a.id, a.connection_id, a.link_id, c.client_id, c.client_name, c.client_uri, c.redirect_uri, c.is_proven, h.name as host_name, l.label,
      a.purpose, a.scopes, h.transfer_scopes
    from ask a
      join connection c on c.id = a.connection_id and c.owner_id = a.owner_id and c.ended_at is null and (c.expires_at is null or c.expires_at > now())
      join link l on l.id = a.link_id and l.owner_id = a.owner_id and l.state = 'active'
      join host h on h.id = a.host_id
    where a.id = $1 and a.owner_id = $2 and a.state = 'open' and a.expires_at > now()`,
});

/** An open question of this owner; null for one that is another's, answered, or never was. */
export async function findOpenAsk(
  { pool }: Pick<Deps, 'pool'>,
  input: { id: string; ownerId: string },
): Promise<OpenAsk | null> {
  const row = await runOne(pool, FIND, [input.id, input.ownerId]);
  if (row === null) return null;
  return {
    id: row.id,
    connectionId: row.connection_id,
    linkId: row.link_id,
    clientId: row.client_id,
    clientName: row.client_name,
    clientUri: row.client_uri,
    redirectUri: row.redirect_uri,
    isProven: row.is_proven,
    hostName: row.host_name,
    label: row.label,
    purpose: row.purpose,
    scopes: scopeSentences({ transferScopes: row.transfer_scopes }, row.scopes),
  };
}

/**
 * Records the owner's answer. `once` approves exactly one transfer of exactly these scopes within ten minutes; `always` and `never` write
 * rules; `not-now` only closes the question. False if somebody else was faster. PROTOCOL §3.7.
 */
export async function answerAsk(
  deps: Pick<Deps, 'prisma'>,
  input: { ask: OpenAsk; ownerId: string; answer: AskAnswer },
): Promise<boolean> {
  const { ask, ownerId, answer } = input;
  return deps.prisma.$transaction(async (tx) => {
    // the owner before the ask, as whatever ends a connection takes them: the other way round they would wait for each other
    await tx.$queryRaw`select 1 from owner where id = ${ownerId} for no key update`;
    const once = answer === 'once';
    const taken = await tx.$executeRaw`
      update ask set state = ${once ? 'approved' : 'closed'}, decided_at = now(),
        expires_at = case when ${once} then now() + make_interval(secs => ${LIFETIME.approval}::float8) else expires_at end
      where id = ${ask.id} and owner_id = ${ownerId} and state = 'open' and expires_at > now()`;
    if (taken === 0) return false;
    if (answer === 'always' || answer === 'never') await writeRules(tx, { ask, ownerId, effect: EFFECTS[answer] });
    const details = { ask: ask.id, connection: ask.connectionId, link: ask.linkId, answer };
    await tx.$executeRaw`select timeline_append(${ownerId}, 'ask_answered', ${JSON.stringify(details)}::jsonb)`;
    return true;
  });
}

const EFFECTS = { always: 'allow', never: 'deny' } as const;

/** One rule per scope, in the place of those there are for exactly this, until the connection ends. */
async function writeRules(
  tx: Parameters<Parameters<Deps['prisma']['$transaction']>[0]>[0],
  { ask, ownerId, effect }: { ask: OpenAsk; ownerId: string; effect: Effect },
): Promise<void> {
  const pins = { ownerId, connectionId: ask.connectionId, linkId: ask.linkId };
  const scopes = ask.scopes.map(({ scope }) => scope);
  const { expiresAt } = await tx.connection.findUniqueOrThrow({ where: { id: ask.connectionId } });
  await tx.rule.deleteMany({ where: { ...pins, scope: { in: scopes } } });
  await tx.rule.createMany({
    data: scopes.map((scope) => ({ ...pins, id: randomId('rule'), scope, effect, expiresAt })),
  });
  await tx.owner.update({ where: { id: ownerId }, data: { policyVersion: { increment: 1 } } });
}
