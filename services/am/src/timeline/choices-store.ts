import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';

/** What the activity filter offers for selection. */
export interface Choices {
  readonly apps: readonly Choice[];
  readonly services: readonly Choice[];
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** How many of each can be selected, the newest; others are found by their names. */
const MOST = 200;

const APPS = defineQuery<Choice>({
  name: 'timeline_apps',
  text: `
    select n.client_id as value, ${shownName('n')} as label from (
      select client_id, max(created_at) as newest, (array_agg(id order by created_at desc, id desc))[1] as id
      from connection where owner_id = $1 group by client_id order by newest desc limit ${MOST}
    ) one join connection n on n.id = one.id ${joinOwnName('n')} order by lower(${shownName('n')}), n.client_id`,
});
const SERVICES = defineQuery<Choice>({
  name: 'timeline_services',
  text: `
    select h.id as value, h.name as label from (
      select host_id, max(created_at) as newest from link where owner_id = $1 group by host_id order by newest desc
        limit ${MOST}
    ) one join host h on h.id = one.host_id order by lower(h.name), h.id`,
});

/** This owner's apps and services, including stopped ones as long as they are kept. */
export async function readChoices({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Choices> {
  const [apps, services] = await Promise.all([run(pool, APPS, [ownerId]), run(pool, SERVICES, [ownerId])]);
  return { apps, services };
}
