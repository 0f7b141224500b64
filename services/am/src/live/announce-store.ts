import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** The channel on which processes learn whose pages have changed. */
export const CHANNEL = 'am_changes';

/** How many owners one message names: Postgres limits a payload to 8000 bytes. */
const TOGETHER = 100;

const ANNOUNCE = defineQuery({
  name: 'live_announce',
  text: `select pg_notify('${CHANNEL}', owners) from unnest($1::text[]) as owners`,
});

/** Notifies every process that something of these owners has changed. */
export async function announce({ pool }: Pick<Deps, 'pool'>, ownerIds: readonly string[]): Promise<void> {
  const messages: string[] = [];
  for (let at = 0; at < ownerIds.length; at += TOGETHER) messages.push(ownerIds.slice(at, at + TOGETHER).join(' '));
  await run(pool, ANNOUNCE, [messages]);
}

export const ownersIn = (message: string): readonly string[] => message.split(' ').filter((id) => id !== '');
