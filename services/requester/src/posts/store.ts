import { randomId } from '@chatelaine/crypto';
import { defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { PostView } from './post.ts';

type PostDeps = Pick<Deps, 'pool'>;

interface Row {
  id: string;
  text: string;
  created_at: Date;
}

// more than anybody reads at once
const LIST = defineQuery<Row>({
  name: 'posts_list',
  text: 'select id, text, created_at from post where owner_id = $1 order by created_at desc, id limit 500',
});

/** An owner's newest posts. */
export async function listPosts({ pool }: PostDeps, owner: string): Promise<readonly PostView[]> {
  const rows = await run(pool, LIST, [owner]);
  return rows.map(({ id, text, created_at: at }) => ({ id, text, date: at.toISOString().slice(0, 10) }));
}

const AFTER = defineQuery<Row>({
  name: 'posts_after',
  text: 'select id, text, created_at from post where owner_id = $1 and id > $2 order by id limit 500',
});

/** Posts of an owner in the order of their ids, to read all of them in parts. */
export async function postsAfter(
  { pool }: PostDeps,
  { owner, after }: { owner: string; after: string },
): Promise<readonly { id: string; text: string; createdAt: Date }[]> {
  const rows = await run(pool, AFTER, [owner, after]);
  return rows.map(({ id, text, created_at: createdAt }) => ({ id, text, createdAt }));
}

const REMOVE_ALL = defineQuery({
  name: 'posts_remove_all',
  text: `with attempts as (delete from post_attempt where owner_id = $1), begun as (delete from connect_state
    where owner_id = $1)
    delete from post where owner_id = $1`,
});

/** Deletes everything that somebody wrote or began to write here. */
export async function removeAllOf({ pool }: PostDeps, owner: string): Promise<void> {
  await run(pool, REMOVE_ALL, [owner]);
}

// one at a time for each owner: transactions that count side by side would each find room
const LOCK = defineQuery({ name: 'posts_lock', text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))' });
const ADD = defineQuery<{ id: string }>({
  name: 'posts_add',
  text: `insert into post (id, owner_id, text)
    select $1, $2, $3 where (select count(*) from post where owner_id = $2) < $4 returning id`,
});

/** `full`: the account has as many posts as it may. */
export async function addPost(
  { pool, config }: Pick<Deps, 'pool' | 'config'>,
  { owner, text }: { owner: string; text: string },
): Promise<'added' | 'full'> {
  return inTransaction(pool, async (tx) => {
    await run(tx, LOCK, [owner]);
    const row = await runOne(tx, ADD, [randomId('post'), owner, text, config.postsPerAccount]);
    return row === null ? 'full' : 'added';
  });
}

const REMOVE = defineQuery<{ id: string }>({
  name: 'posts_remove',
  text: 'delete from post where id = $1 and owner_id = $2 returning id',
});

/** False if there is no such post, or it is another owner's. */
export async function removePost({ pool }: PostDeps, { owner, id }: { owner: string; id: string }): Promise<boolean> {
  return (await runOne(pool, REMOVE, [id, owner])) !== null;
}
