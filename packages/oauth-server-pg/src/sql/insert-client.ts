import type { OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';

const INSERT_CLIENT: Query = {
  name: 'oauth_insert_client',
  text: 'insert into oauth_client (id, metadata, registration_token_hash, secret_hash) values ($1, $2, $3, $4)',
};

type Input = Parameters<OAuthStorage['insertClient']>[0];

export async function insertClient(db: Db, input: Input): Promise<void> {
  const { id, metadata, registrationTokenHash, secretHash } = input;
  await run(db, INSERT_CLIENT, [id, JSON.stringify(metadata), registrationTokenHash, secretHash]);
}
