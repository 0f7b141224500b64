import { randomId } from '@chatelaine/crypto';
import { LIFETIME, scopeKey } from '@chatelaine/protocol';
import { type Db, defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { appendToTimeline, movePolicyVersion } from '../links/owner-store.ts';
import { putRules } from '../rules/put-rules-store.ts';
import { type AskAnswer, isYes } from './answer.ts';
import type { OpenAsk } from './store.ts';

const LOCK_OWNER = defineQuery({
  name: 'inbox_lock_owner',
  text: 'select 1 from owner where id = $1 for no key update',
});
const CLOSE = defineQuery<{ id: string }>({
  name: 'inbox_answer_ask',
  text: `
    update ask set state = case when $3 then 'approved' else 'closed' end, answer = $5, allowed = $6::text[],
      decided_at = now(),
      expires_at = case when $3 then now() + make_interval(secs => $4) else expires_at end,
      for_jkt = case when $3 then $7 end, for_terms = case when $3 then $8 end
    where id = $1 and owner_id = $2 and state = 'open' and expires_at > now()
    returning id`,
});
const APPROVE_PART = defineQuery({
  name: 'inbox_approve_part',
  text: `
    insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, purpose, state, answer,
      decided_at, expires_at, part_of, for_jkt,
      for_terms)
    select $1, owner_id, connection_id, host_id, link_id, $3::text[], $4, purpose, 'approved', 'once', now(),
      now() + make_interval(secs => $5), id, $6, $7
    from ask where id = $2`,
});

const EFFECTS = { hour: 'allow', always: 'allow', never: 'deny' } as const;
const HOUR_SECONDS = 3_600;

export interface Answering {
  readonly ask: OpenAsk;
  readonly ownerId: string;
  readonly answer: AskAnswer;
  /** The scopes that the owner allows. */
  readonly chosen: readonly string[];
}

/**
 * Records the owner's answer. `once` approves exactly one transfer of exactly the chosen scopes within ten minutes;
 * `hour`, `always` and `never` write rules; `not-now` only closes the question. A yes holds for the key that the
 * Requester used, at this account, under the terms that the Requester had signed; if one of these changes, the owner is
 * asked again. False if the question was answered in the meantime. PROTOCOL §3.7.
 */
export async function answerAsk({ pool }: Pick<Deps, 'pool'>, answering: Answering): Promise<boolean> {
  const { ask, ownerId, answer, chosen } = answering;
  const all = ask.scopes.map(({ scope }) => scope);
  const allowed = isYes(answer) && chosen.length < all.length ? chosen : null;
  return inTransaction(pool, async (tx) => {
    // the owner's row before the question's, as whatever ends a connection locks them: the other order would deadlock
    await run(tx, LOCK_OWNER, [ownerId]);
    const approved = answer === 'once' && allowed === null;
    const { jkt, terms } = ask;
    if ((await runOne(tx, CLOSE, [ask.id, ownerId, approved, LIFETIME.approval, answer, allowed, jkt, terms])) === null)
      return false;
    if (answer === 'once' && allowed !== null) {
      await run(tx, APPROVE_PART, [randomId('ask'), ask.id, allowed, scopeKey(allowed), LIFETIME.approval, jkt, terms]);
    } else if (answer !== 'once' && answer !== 'not-now') {
      await writeRules(tx, { ...answering, answer, scopes: allowed ?? all });
    }
    const { connectionId: connection, linkId: link } = ask;
    await appendToTimeline(tx, ownerId, 'ask_answered', { ask: ask.id, connection, link, answer, allowed });
    return true;
  });
}

async function writeRules(
  tx: Db,
  input: Pick<Answering, 'ask' | 'ownerId'> & { answer: keyof typeof EFFECTS; scopes: readonly string[] },
): Promise<void> {
  const { ask, ownerId, answer, scopes } = input;
  const { connectionId, linkId, jkt, terms } = ask;
  await putRules(tx, {
    ownerId,
    connectionIds: [connectionId],
    linkId,
    scopes,
    effect: EFFECTS[answer],
    forSeconds: answer === 'hour' ? HOUR_SECONDS : null,
    approvedFor: isYes(answer) && jkt !== null ? { jkt, terms } : null,
  });
  await movePolicyVersion(tx, ownerId);
}
