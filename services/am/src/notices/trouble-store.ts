import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { KEEP_TURN } from './due-store.ts';

// processes that run this at once meet at the rows, so each trouble begins and ends for one of them
const LOOK = defineQuery({
  name: 'notices_look_for_trouble',
  text: `
    with bad as materialized (
      select l.id, l.owner_id from link l left join link_seen s on s.link_id = l.id
      where l.owner_id in (select owner_id from notice_choice where topic = 'services')
        and (l.state = 'broken' or (l.state = 'active' and s.unreachable_since <= now() - make_interval(secs => $1)))
    ), begun as (
      insert into link_trouble (link_id, owner_id) select id, owner_id from bad order by id on conflict do nothing
        returning owner_id
    ), over as (
      delete from link_trouble t where not exists (select from bad where bad.id = t.link_id)
        returning t.link_id, t.owner_id, t.told_at
    ), well as (
      select over.owner_id from over join link l on l.id = over.link_id
      where over.told_at is not null
        and (l.state = 'active' or exists (select from link n where n.replaces = l.id and n.owner_id = l.owner_id
          and n.state = 'active'))
    ), news as (
      select owner_id, 'broke' as kind from begun union select owner_id, 'recovered' from well
    )
    insert into notice as n (owner_id, kind, way, due_at)
    select news.owner_id, news.kind, c.way, now() from news join notice_choice c on c.owner_id = news.owner_id
      and c.topic = 'services'
    order by news.owner_id, news.kind, c.way ${KEEP_TURN}`,
});

/**
 * Notes which links of owners who want to know have broken, or have not been answered for this many seconds; and which
 * of those that their owner was notified of work again. A link that its owner has ended is neither.
 */
export async function lookForTrouble(
  { pool }: Pick<Deps, 'pool'>,
  { unreachableSeconds }: { unreachableSeconds: number },
): Promise<void> {
  await run(pool, LOOK, [unreachableSeconds]);
}
