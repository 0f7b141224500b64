import { type Db, defineQuery, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { type NoticeKind, TOPIC_OF, type Way } from './notice.ts';

/** After a notice has been sent, further ones of its kind wait this long, and are sent as one. */
export const AGAIN_AFTER = '15 minutes';
/** A process that died while it was sending a notice loses it after this long. */
const HELD_SECONDS = 120;
const AT_ONCE = 20;
const TRIES = 5;

/** SQL: a kind that was sent recently waits, and one that is waiting keeps its time. */
export const KEEP_TURN = `on conflict (owner_id, kind, way) do update
  set due_at = coalesce(n.due_at, greatest(now(), n.sent_at + interval '${AGAIN_AFTER}')),
    tries = case when n.due_at is null then 0 else n.tries end`;

const NOTE = defineQuery({
  name: 'notices_note',
  text: `insert into notice as n (owner_id, kind, way, due_at)
    select owner_id, $2, way, now() from notice_choice where owner_id = $1 and topic = $3 ${KEEP_TURN}`,
});

/** Notes, in the transaction that caused it, that there is something to notify an owner of if they want to know. */
export async function noteNotice(db: Db, { ownerId, kind }: { ownerId: string; kind: NoticeKind }): Promise<void> {
  await run(db, NOTE, [ownerId, kind, TOPIC_OF[kind]]);
}

/** A notice that is to be sent now. */
export interface DueNotice {
  readonly ownerId: string;
  readonly kind: NoticeKind;
  readonly way: Way;
}

const CLAIM = defineQuery<{ owner_id: string; kind: NoticeKind; way: Way }>({
  name: 'notices_claim',
  text: `update notice set held_until = now() + interval '${HELD_SECONDS} seconds'
    where (owner_id, kind, way) in (
      select owner_id, kind, way from notice where due_at <= now() and (held_until is null or held_until <= now())
      order by due_at limit ${AT_ONCE} for update skip locked)
    returning owner_id, kind, way`,
});

/** Claims some of the notices that are due; no other process gets them for a while. */
export async function claimNotices({ pool }: Pick<Deps, 'pool'>): Promise<DueNotice[]> {
  return (await run(pool, CLAIM)).map(({ owner_id: ownerId, kind, way }) => ({ ownerId, kind, way }));
}

const HOLDS: Readonly<Record<NoticeKind, ReturnType<typeof holds>>> = {
  question: holds('question', `exists (select from ask where owner_id = $1 and state = 'open' and expires_at > now())`),
  broke: holds('broke', 'exists (select from link_trouble where owner_id = $1)'),
  recovered: holds('recovered', 'true'),
};

function holds(kind: NoticeKind, still: string) {
  return defineQuery<{ holds: boolean }>({
    name: `notices_${kind}_holds`,
    text: `select ${still} and exists (select from notice_choice where owner_id = $1 and topic = $2 and way = $3)
      as holds`,
  });
}

/** Whether the reason for the notice still holds, and its owner still wants it. */
export async function stillHolds({ pool }: Pick<Deps, 'pool'>, { ownerId, kind, way }: DueNotice): Promise<boolean> {
  return (await runForRow(pool, HOLDS[kind], [ownerId, TOPIC_OF[kind], way])).holds;
}

const SETTLE = defineQuery({
  name: 'notices_settle',
  text: `update notice set due_at = null, held_until = null, tries = 0, sent_at = case when $4 then now()
    else sent_at end
    where owner_id = $1 and kind = $2 and way = $3`,
});
// owners are notified that a link works again only if they were notified that it broke
const TROUBLE_NOTIFIED = defineQuery({
  name: 'notices_told_of_trouble',
  text: 'update link_trouble set told_at = now() where owner_id = $1 and told_at is null',
});
const LATER = defineQuery({
  name: 'notices_later',
  text: `update notice set held_until = null, tries = tries + 1,
      due_at = case when tries + 1 < ${TRIES} then now() + interval '1 minute' * 2 ^ tries end
    where owner_id = $1 and kind = $2 and way = $3`,
});

/** Closes a notice that was sent, or whose reason no longer holds. */
export async function settleNotice(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, kind, way, outcome }: DueNotice & { outcome: 'sent' | 'dropped' },
): Promise<void> {
  await run(pool, SETTLE, [ownerId, kind, way, outcome === 'sent']);
  if (kind === 'broke' && outcome === 'sent') await run(pool, TROUBLE_NOTIFIED, [ownerId]);
}

/** Keeps a notice that could not be sent, and tries again later, a few times. */
export async function postponeNotice({ pool }: Pick<Deps, 'pool'>, notice: DueNotice): Promise<void> {
  await run(pool, LATER, [notice.ownerId, notice.kind, notice.way]);
}
