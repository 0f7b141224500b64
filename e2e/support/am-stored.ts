import { iconUri } from './icons.ts';
import type { PageView } from './page-views.ts';

export type Around = NonNullable<PageView['around']>;

/** Changes what the AM has stored for Robin, and restores it afterwards. */
export function stored(change: string, back: string): Around {
  return async ({ deployment, people }, look) => {
    const who = [people.robin.username];
    await deployment.database.query('am', change, who);
    await look().finally(() => deployment.database.query('am', back, who));
  };
}

export const ROBIN = '(select id from account where username = $1)';
export const broken = stored(
  `update link set state = 'broken' where owner_id = ${ROBIN} and label = 'my Calendar'`,
  `update link set state = 'active' where owner_id = ${ROBIN} and label = 'my Calendar'`,
);
const ends = stored(
  `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, attempts, tried_at,
    confirmed_at)
   select 'rev_look_' || l.id, l.owner_id, l.id, l.host_id, 'con_look', 'g' || l.id,
     case h.name when 'Photos' then 'confirmed' when 'Notes' then 'failed' else 'pending' end, 3, now(),
       case h.name when 'Photos' then now() end
   from link l join host h on h.id = l.host_id where l.owner_id = ${ROBIN}`,
  `delete from revocation where id like 'rev_look_%' and owner_id = ${ROBIN}`,
);
const stoppedConnection = stored(
  `with stopped as (
     insert into connection (id, owner_id, client_id, client_name, ended_at)
     values ('con_look', ${ROBIN}, 'https://diary.example/client', 'Diary', now()) returning id, owner_id
   )
   insert into proffer (bucket, jti, connection_id, terms, proffer, answer, decision, accepted, signer_keys,
     answered_at)
   select b.bucket, 'look-ended', stopped.id, '{no-training/1.0}', 'look', 'look', 'accepted', 'no-training/1.0',
     '{"keys":[]}', now()
   from stopped, (select bucket from oauth_grant where subject = ${ROBIN} limit 1) b`,
  `delete from connection where id = 'con_look' and owner_id = ${ROBIN}`,
);
export const withEnds: Around = (stage, look) => stoppedConnection(stage, () => ends(stage, look));
const MANY = 50;
const many = stored(
  `with hosts as (
     insert into host (id, issuer, name, metadata, resources, transfer_scopes)
     select rpad('many' || n, 22, 'x'), 'https://host' || n || '.example', 'Host ' || n, h.metadata,
       array['https://host' || n || '.example/api'], h.transfer_scopes
     from (select * from host where name = 'Photos') h, generate_series(1, ${MANY}) n returning id, name
   )
   insert into link (id, owner_id, host_id, label, transfer_scope)
   select 'link_' || h.id, l.owner_id, h.id, 'my ' || h.name, l.transfer_scope
   from hosts h, (select * from link where owner_id = ${ROBIN} and label = 'my Photos') l`,
  `with gone as (delete from link where id like 'link_many%' and owner_id = ${ROBIN} returning host_id)
   select count(*) from gone`,
);
export const withMany: Around = async (stage, look) => {
  await many(stage, look).finally(() =>
    stage.deployment.database.query('am', `delete from host where id like 'many%'`),
  );
};

const AGO = `now() - (n * n % 30) * interval '1 day' - n * interval '7 minutes'`;
/** Rows as a pause leaves them, with a Host that has confirmed and others that have not. */
export const paused = stored(
  `with told as (
     insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, attempts, tried_at,
       confirmed_at)
     select 'rev_look_' || l.id, l.owner_id, l.id, l.host_id, c.id, 'g' || l.id,
       case h.name when 'Photos' then 'confirmed' else 'pending' end, 1, now(),
       case h.name when 'Photos' then now() end
     from link l join host h on h.id = l.host_id join connection c on c.owner_id = l.owner_id and c.ended_at is null
       where l.owner_id = ${ROBIN}
   ), noted as (update connection set paused_at = now() - interval '1 minute' where owner_id = ${ROBIN})
   update oauth_grant set paused_until = now() + interval '50 minutes' where subject = ${ROBIN}`,
  `with told as (delete from revocation where id like 'rev_look_%' and owner_id = ${ROBIN}),
     noted as (update connection set paused_at = null where owner_id = ${ROBIN})
   update oauth_grant set paused_until = null where subject = ${ROBIN}`,
);
export const month = stored(
  `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
    policy_version, state, error, started_at, closed_at)
   select b.bucket, 'tr_look_' || n || l.id, c.owner_id, c.id, l.id, l.host_id, c.client_id,
     'https://photos.example/api', l.transfer_scope[1:1], 'k', 0,
     case when n % 9 = 0 then 'refused' when n % 13 = 0 then 'failed' else 'minted' end,
     case when n % 9 = 0 then 'denied' when n % 13 = 0 then 'timeout' end, ${AGO}, ${AGO}
   from connection c join oauth_grant b on b.id = c.id, link l, generate_series(1, 60) n
   where c.owner_id = ${ROBIN} and c.client_name = 'Lifestream' and c.ended_at is null
     and l.owner_id = c.owner_id and l.state = 'active'`,
  `delete from transfer where id like 'tr_look_%' and owner_id = ${ROBIN}`,
);

export const bearerHosts = stored(
  'update host set bearer = true where exists (select from account where username = $1)',
  'update host set bearer = false where exists (select from account where username = $1)',
);

const NAMES =
  "array['Diary', 'Trip planner', 'Bookkeeper', 'Photo frame', " +
  "'Fitness coach', 'Reading list', 'Meeting notes', 'Recipe box']";
// of five apps two have no icon
const ICONS = `array['${iconUri('plain')}', '${iconUri('errands')}', '${iconUri('lifestream')}']`;
const apps = stored(
  `with app as (
     insert into connection (id, owner_id, client_id, client_name, redirect_uri, created_at, logo_uri)
     select 'con_board_' || n, ${ROBIN}, 'https://app' || n || '.example/client', (${NAMES})[1 + n % 8] || ' ' ||
       (1 + n / 8), 'https://app' || n || '.example/cb', now() - n * interval '5 days', (${ICONS})[1 + n % 5]
     from generate_series(1, 39) n returning id, owner_id, client_id
   ), granted as (
     insert into oauth_grant (bucket, id, client_id, subject, scope, jkt)
     select b.bucket, app.id, app.client_id, app.owner_id, '{transfer}', 'k' from app, (select bucket from oauth_grant
       where subject = ${ROBIN} limit 1) b
   ), shown as (
     insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
     select app.id, l.host_id, l.id, l.transfer_scope, substr(md5(app.id || l.id), 1, 22) from app, link l
     where l.owner_id = app.owner_id and l.state = 'active' and hashtext(app.id || l.id) % 3 = 0
       returning connection_id, link_id, scopes
   ), ruled as (
     insert into rule (id, owner_id, connection_id, link_id, scope, effect)
     select 'rule_board_' || connection_id || link_id || one, ${ROBIN}, connection_id, link_id, one,
       (array['allow', 'ask', 'deny'])[1 + abs(hashtext(link_id || connection_id)) % 3]
     from shown, unnest(scopes) one
   )
   insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes,
     policy_version, state, closed_at)
   select 0, 'tr_look_' || connection_id || link_id, ${ROBIN}, connection_id, link_id, l.host_id, 'c', 'r', scopes, 0,
     'minted', now()
   from shown join link l on l.id = link_id where hashtext(link_id || connection_id) % 5 = 0`,
  `with granted as (delete from oauth_grant where id like 'con_board_%'), asked as (delete from transfer
    where id like 'tr_look_%')
   delete from connection where id like 'con_board_%' and owner_id = ${ROBIN}`,
);
/** Forty apps and more than fifty services. */
export const withBoard: Around = (stage, look) => withMany(stage, () => apps(stage, look));
