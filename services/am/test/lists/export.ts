import { unzip } from '@chatelaine/test-kit';
import { expect, test } from '@jest/globals';
import { deployment, owner } from './scene.ts';

/** The export of everything that an owner has. */
export function wholeExport(): void {
  test('an export has every row of its owner, none of anybody else, and nothing that lets anybody in', async () => {
    const answer = await owner.browser.submit('/account/export', '/account/export');
    const files = unzip(answer.bytes);
    const rows = (path: string) => JSON.parse(String(files.get(path))) as Record<string, unknown>[];
    for (const [path, table] of [
      ['links.json', 'link'],
      ['connections.json', 'connection'],
      ['rules.json', 'rule'],
      ['questions.json', 'ask'],
      ['transfers.json', 'transfer'],
      ['ends.json', 'revocation'],
      ['timeline.json', 'timeline_entry'],
    ] as const) {
      const kept = await deployment.rows<{ id: string }>(`select id::text as id from ${table} where owner_id = $1`, [
        owner.id,
      ]);
      expect([
        path,
        rows(path)
          .map(({ id }) => String(id))
          .sort(),
      ]).toEqual([path, kept.map(({ id }) => id).sort()]);
    }
    const [secret] = await deployment.rows<{ token: string }>(
      `select encode(refresh_token, 'hex') as token from link where owner_id = $1 and refresh_token is not null
        limit 1`,
      [owner.id],
    );
    for (const [path, bytes] of files) {
      expect([path, String(bytes).includes('theirs')]).toEqual([path, false]);
      if (secret !== undefined) expect(String(bytes)).not.toContain(secret.token);
    }
    expect(Object.keys(rows('links.json')[0] ?? {})).not.toContain('refresh_token');
  });

  /** The file to which a table is exported, and the columns that have another name there. */
  const EXPORTED: Readonly<Record<string, { file: string; within?: string; as?: Readonly<Record<string, string>> }>> = {
    owner: { file: 'owner.json' },
    link: { file: 'links.json', as: { host_id: 'host' } },
    link_seen: { file: 'links.json', within: 'seen' },
    connection: { file: 'connections.json' },
    connection_host: { file: 'connections.json', within: 'hosts', as: { link_id: 'link' } },
    app_name: { file: 'app-names.json' },
    rule: { file: 'rules.json' },
    rule_limit: { file: 'rules.json', within: 'how_often' },
    ask: { file: 'questions.json' },
    transfer: { file: 'transfers.json' },
    revocation: { file: 'ends.json' },
    proffer: { file: 'terms.json', as: { jti: 'id' } },
    timeline_entry: { file: 'timeline.json' },
    checkpoint: { file: 'checkpoints.json' },
    kept_since: { file: 'kept-since.json' },
    notice_choice: { file: 'notifications.json' },
    push_subscription: { file: 'push.json', as: { endpoint: 'push_service' } },
  };
  const HOST = 'the link names it';
  const LEFT_OUT: Readonly<Record<string, string>> = {
    'owner.policy_version': 'counts changes, for the server',
    'link.access_token': 'lets the AM in',
    'link.refresh_token': 'lets the AM in',
    'link.access_expires_at': 'of a token',
    'link.renewal_id': 'of a process that is renewing a token',
    'link.renewal_until': 'of a process that is renewing a token',
    'link_seen.link_id': 'it is beside its link',
    'connection_host.connection_id': 'it is beside its connection',
    'connection_host.host_id': HOST,
    'connection_host.grant_id': 'by it the Host is told to end things',
    'rule.limit_id': 'it is beside its rule',
    'rule.for_jkt': 'of a key of the Requester',
    'rule_limit.id': 'it is beside its rule',
    'ask.host_id': HOST,
    'ask.for_jkt': 'of a key of the Requester',
    'ask.scope_key': 'the scopes once more',
    'transfer.bucket': 'where a row is kept',
    'transfer.host_id': HOST,
    'transfer.jkt': 'of a key of the Requester',
    'transfer.policy_version': 'counts changes, for the server',
    'revocation.host_id': HOST,
    'revocation.grant_id': 'by it the Host is told to end things',
    'revocation.last_error': 'for who runs the server',
    'proffer.bucket': 'where a row is kept',
    'checkpoint.ids': 'the rows it is of are there themselves',
    'checkpoint.macs': 'compared here, with a key of the server',
    'push_subscription.session_hash': 'names a session',
    'push_subscription.p256dh': 'of a key of the browser',
    'push_subscription.auth': 'a secret of the browser',
    'push_subscription.push_key': 'a key of the server',
    // tables that are not exported, and why
    call_place: 'a call that is under way',
    deferral: 'what waits for an hour at most, by the hash of a code',
    host_half: 'an encrypted code, for five minutes',
    link_attempt: 'what was begun, for a day at most, by hashes and encrypted values',
    notice: 'that something is to be told, for minutes',
    link_trouble: 'what links.json says, once more, while a link does not work',
    revocation_due: 'rows of revocation once more, while they wait',
    stop_epoch: 'since when what was begun is void, for a day',
    account_deletion: 'of an account that is gone',
  };

  test('an export has every column of every table about its owner, but for those named with a reason', async () => {
    const linkId = await deployment.link(owner);
    await deployment.rows(`insert into link_seen (link_id, answered_at) values ($1, now()) on conflict do nothing`, [
      linkId,
    ]);
    await deployment.rows(
      `insert into proffer (bucket, jti, connection_id, terms, proffer) select 0, 'an-offer', id, '{}', 'x'
        from connection where owner_id = $1 limit 1`,
      [owner.id],
    );
    await deployment.rows(
      `insert into app_name (owner_id, client_id, name) values ($1, 'https://app.example', 'Mine')`,
      [owner.id],
    );
    await deployment.rows(
      `with limited as (insert into rule_limit (id, owner_id, most, per)
        values ('lim_exported', $1, 3, 'day') on conflict do nothing)
       insert into rule (id, owner_id, effect, limit_id) values ('rule_exported', $1, 'allow', 'lim_exported')
         on conflict do nothing`,
      [owner.id],
    );
    await deployment.rows(
      `insert into checkpoint (owner_id, stream, number, count, total, last_at, last_id, digest, mac, made_at)
        values ($1, 'asked', 1, 1, 1, now(), '', '', '', now())`,
      [owner.id],
    );
    await deployment.rows(`insert into kept_since (owner_id, stream, since, mac) values ($1, 'asked', now(), '')`, [
      owner.id,
    ]);
    await deployment.rows(
      `insert into push_subscription (session_hash, owner_id, endpoint, p256dh, auth, push_key)
        values (sha256('a session'), $1, 'https://push.example/secret', '', '', '')`,
      [owner.id],
    );
    await deployment.rows(`insert into notice_choice (owner_id, topic, way) values ($1, 'services', 'mail')`, [
      owner.id,
    ]);
    const files = unzip((await owner.browser.submit('/account/export', '/account/export')).bytes);
    const keysOf = (path: string, within?: string): Set<string> => {
      const rows = JSON.parse(String(files.get(path))) as Record<string, unknown>[];
      const nested =
        within === undefined ? rows : rows.flatMap((row) => (row[within] ?? []) as Record<string, unknown>[]);
      return new Set(nested.flatMap((row) => Object.keys(row)));
    };
    const columns = await deployment.rows<{ table: string; column: string }>(
      `select table_name as table, column_name as column from information_schema.columns c
       where table_schema = current_schema() and table_name !~ '_(first|default|[0-9]{8})$' and table_name !~ '^oauth_'
         and exists (
         select from information_schema.columns o where o.table_schema = c.table_schema and o.table_name = c.table_name
           and (o.column_name in ('owner_id', 'connection_id', 'link_id') or o.table_name = 'owner'))`,
    );
    const missing = columns.flatMap(({ table, column }) => {
      const name = `${table}.${column}`;
      if (column === 'owner_id' || LEFT_OUT[table] !== undefined || LEFT_OUT[name] !== undefined) return [];
      const { file, within, as } = EXPORTED[table] ?? { file: '' };
      return files.has(file) && keysOf(file, within).has(as?.[column] ?? column) ? [] : [name];
    });
    expect(missing).toEqual([]);
  });
}
