import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** Where processes hear of whom something changed. */
export const CHANNEL = 'am_changes';

/** Owners in one message: Postgres takes 8000 bytes. */
const TOGETHER = 100;

const ANNOUNCE = defineQuery({
  name: 'live_announce',
  text: `select pg_notify('${CHANNEL}', owners) from unnest($1::text[]) as owners`,
});

/** Tells every process that something of these owners changed. */
export async function announce({ pool }: Pick<Deps, 'pool'>, ownerIds: readonly string[]): Promise<void> {
  const messages: string[] = [];
  for (let at = 0; at < ownerIds.length; at += TOGETHER) messages.push(ownerIds.slice(at, at + TOGETHER).join(' '));
  await run(pool, ANNOUNCE, [messages]);
}

export const ownersIn = (message: string): readonly string[] => message.split(' ').filter((id) => id !== '');
