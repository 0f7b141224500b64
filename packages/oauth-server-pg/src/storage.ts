import type { OAuthStorage } from '@chatelaine/oauth-server';
import type { Pool } from 'pg';
import { burner } from './sql/burn.ts';
import { claimRequest } from './sql/claim-request.ts';
import { deleteClient } from './sql/delete-client.ts';
import { DOCUMENT_BYTES, readDocument, writeDocument } from './sql/documents.ts';
import { endGrant } from './sql/end-grant.ts';
import { endTransferGrant } from './sql/end-transfer-grant.ts';
import { clientFinder, findClientByRegistrationToken } from './sql/find-client.ts';
import { tokenFinder } from './sql/find-token.ts';
import { grantCode } from './sql/grant-code.ts';
import { keepForm } from './sql/keep-form.ts';
import { insertClient } from './sql/insert-client.ts';
import { issueFurtherCode } from './sql/issue-further-code.ts';
import { issueCode } from './sql/issue-code.ts';
import { transferMinter } from './sql/mint-transfer.ts';
import { readAnswer } from './sql/read-answer.ts';
import { readCode } from './sql/read-code.ts';
import { reap } from './sql/reap.ts';
import { codeRedeemer } from './sql/redeem-code.ts';
import { refresher } from './sql/refresh.ts';
import { refuseRequest } from './sql/refuse-request.ts';
import { useRefreshToken } from './sql/use-refresh-token.ts';
import { revokeToken } from './sql/revoke-token.ts';
import { requestSaver } from './sql/save-request.ts';
import { invalidateCode } from './sql/invalidate-code.ts';
import { tokenUser } from './sql/use-token.ts';

export interface PgStorageOptions {
  /** Bytes that client documents and key sets may take together; 32 MB by default. */
  readonly documentBytes?: number;
}

/**
 * The kernel's storage on Postgres 15 or later. It expects the tables of `migrationsDir` on the `search_path` of the
 * pool's role, READ COMMITTED isolation (Postgres's default), and a primary. Deadlocks and serialization failures are
 * retried; every other database error is thrown as `pg` throws it.
 */
export function createPgStorage(pool: Pool, options: PgStorageOptions = {}): OAuthStorage {
  const { documentBytes = DOCUMENT_BYTES } = options;
  const burn = burner(pool);
  return {
    burn,
    reap: () => reap(pool, { documentBytes }),
    findClient: clientFinder(pool),
    insertClient: (input) => insertClient(pool, input),
    findClientByRegistrationToken: (input) => findClientByRegistrationToken(pool, input),
    deleteClient: (input) => deleteClient(pool, input),
    readDocument: (url) => readDocument(pool, url),
    writeDocument: (input) => writeDocument(pool, input, documentBytes),
    saveRequest: requestSaver(pool),
    claimRequest: (input) => claimRequest(pool, input),
    keepForm: (input) => keepForm(pool, input),
    issueCode: (input) => issueCode(pool, input),
    issueFurtherCode: (input) => issueFurtherCode(pool, input),
    grantCode: (input) => grantCode(pool, input),
    refuseRequest: (input) => refuseRequest(pool, input),
    readAnswer: (input) => readAnswer(pool, input),
    readCode: (key) => readCode(pool, key),
    redeemCode: codeRedeemer(pool),
    invalidateCode: (key) => invalidateCode(pool, key),
    findToken: tokenFinder(pool),
    useToken: tokenUser(pool, burn),
    refresh: refresher(pool),
    useRefreshToken: (input) => useRefreshToken(pool, input),
    revokeToken: (input) => revokeToken(pool, input),
    endGrant: (input) => endGrant(pool, input),
    mintTransfer: transferMinter(pool),
    endTransferGrant: (input) => endTransferGrant(pool, input),
  };
}
