import { defineQuery, inTransaction, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { type Choices, type Topic, TOPICS, type Way } from './notice.ts';

const READ = defineQuery<{ topic: Topic; way: Way }>({
  name: 'notices_read_choices',
  text: 'select topic, way from notice_choice where owner_id = $1',
});
const CLEAR = defineQuery({
  name: 'notices_clear_choices',
  text: 'delete from notice_choice where owner_id = $1 and way = any($2::text[])',
});
const CHOOSE = defineQuery({
  name: 'notices_choose',
  text: `insert into notice_choice (owner_id, topic, way) select $1, topic, way
    from unnest($2::text[], $3::text[]) as c (topic, way)
    on conflict do nothing`,
});
// notices that are due by a channel the owner no longer wants
const FORGET = defineQuery({
  name: 'notices_forget',
  text: `update notice n set due_at = null where n.owner_id = $1 and n.due_at is not null
    and not exists (select from notice_choice c where c.owner_id = n.owner_id and c.way = n.way
      and c.topic = case n.kind when 'question' then 'questions' else 'services' end)`,
});

/** What this owner wants to be notified of. */
export async function readChoices({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Choices> {
  const rows = await run(pool, READ, [ownerId]);
  const waysOf = (topic: Topic): Way[] => rows.filter((row) => row.topic === topic).map(({ way }) => way);
  return { questions: waysOf('questions'), services: waysOf('services') };
}

/** Replaces the choices for these channels. */
export async function saveChoices(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, ways, choices }: { ownerId: string; ways: readonly Way[]; choices: Choices },
): Promise<void> {
  const chosen = TOPICS.flatMap((topic) => choices[topic].map((way) => ({ topic, way })));
  await inTransaction(pool, async (tx) => {
    await run(tx, CLEAR, [ownerId, ways]);
    await run(tx, CHOOSE, [ownerId, chosen.map(({ topic }) => topic), chosen.map(({ way }) => way)]);
    await run(tx, FORGET, [ownerId]);
  });
}
