import { type Db, defineQuery, runForRow } from '@chatelaine/postgres';

const OWN = defineQuery<{ account: object }>({
  name: 'account.export',
  text: `select jsonb_build_object(
      'id', id, 'username', username, 'email', email, 'created_at', created_at,
      'has_password', password_hash is not null,
      'passkeys', (
        select coalesce(jsonb_agg(jsonb_build_object('name', name, 'created_at', p.created_at,
          'last_used_at', last_used_at) order by p.created_at), '[]')
        from passkey p where p.account_id = account.id),
      'recovery_codes', (
        select coalesce(jsonb_agg(jsonb_build_object('created_at', r.created_at, 'used_at', used_at)
          order by used_at), '[]')
        from recovery_code r where r.account_id = account.id),
      'sessions', (
        select coalesce(jsonb_agg(jsonb_build_object('signed_in_at', s.created_at, 'last_used_at', seen_at,
          'how', data->'signIn') order by s.created_at), '[]')
        from session s where s.account_id = account.id)
    ) as account from account where id = $1`,
});

/** What is stored of an account itself, without credentials. */
export async function readAccountForExport(db: Db, accountId: string): Promise<object> {
  return (await runForRow(db, OWN, [accountId])).account;
}
