import type pg from 'pg';

export interface GrownOwner {
  readonly connectionId: string;
  readonly hostId: string;
}

/** Gives one owner apps that are each shown all their services, a rule for each, and 30 days of requests. */
export async function growOwner(
  client: Pick<pg.Client, 'query'>,
  { username, apps, services, rows }: { username: string; apps: number; services: number; rows: number },
): Promise<GrownOwner> {
  await client.query('set search_path = am');
  const found = await client.query<{ id: string; bucket: number }>(
    `select a.id, g.bucket from account a, oauth_grant g where a.username = $1 limit 1`,
    [username],
  );
  const [owner] = found.rows;
  if (owner === undefined) throw new Error(`Nobody is called ${username}.`);
  await client.query(
    `insert into host (id, issuer, name, metadata, resources, transfer_scopes)
     select rpad('bench' || n, 22, 'x'), 'https://host' || n || '.example', 'Service ' || n, h.metadata,
       array['https://host' || n || '.example/api'], h.transfer_scopes
     from (select * from host limit 1) h, generate_series(1, $1::int) n`,
    [services],
  );
  await client.query(
    `insert into link (id, owner_id, host_id, label, transfer_scope)
     select 'link_' || id, $1, id, 'my ' || name, array(select jsonb_object_keys(transfer_scopes)) from host
       where id like 'bench%'`,
    [owner.id],
  );
  await client.query(
    `insert into connection (id, owner_id, client_id, client_name, redirect_uri, created_at)
     select 'con_bench' || n, $1, 'https://app' || n || '.example/client', 'App ' || n,
       'https://app' || n || '.example/cb', now() - interval '40 days'
     from generate_series(1, $2::int) n`,
    [owner.id, apps],
  );
  await client.query(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, jkt)
     select $2, id, client_id, owner_id, '{transfer}', 'k' from connection where owner_id = $1`,
    [owner.id, owner.bucket],
  );
  await client.query(
    `insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
     select c.id, l.host_id, l.id, l.transfer_scope, substr(md5(c.id || l.id), 1, 22) from connection c
       join link l on l.owner_id = c.owner_id where c.owner_id = $1`,
    [owner.id],
  );
  await client.query(
    `insert into rule (id, owner_id, connection_id, link_id, scope, effect)
     select 'rule_' || md5(connection_id || link_id || one), $1, connection_id, link_id, one,
       (array['allow', 'ask', 'deny'])[1 + abs(hashtext(connection_id || link_id)) % 3]
     from connection_host ch, unnest(scopes) one
       where exists (select from connection c where c.id = ch.connection_id and c.owner_id = $1)`,
    [owner.id],
  );
  await client.query(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
      policy_version, state, error, started_at, closed_at)
     select $2, time_id_from('tr', at) || '7' || lpad(to_hex(n), 19, '0'), $1, c.id, l.id, l.host_id, c.client_id,
       'https://host.example/api', l.transfer_scope[1:1], 'k', 0,
       case when n % 9 = 0 then 'refused' else 'minted' end, case when n % 9 = 0 then 'denied' end, at, at
     from (select n, now() - (n::float8 / $3) * interval '30 days' as at from generate_series(1, $3::int) n) past
       join connection c on c.id = 'con_bench' || (1 + n % $4::int)
         join link l on l.id = 'link_' || rpad('bench' || (1 + (n / $4::int) % $5::int), 22, 'x')`,
    [owner.id, owner.bucket, rows, apps, services],
  );
  await client.query('analyze');
  return { connectionId: 'con_bench1', hostId: 'bench1'.padEnd(22, 'x') };
}
