import type { ClientBase } from 'pg';

// the file is not sent by every server, and the message may be in another language
const WHERE = 'syncrep.c';
const STOPPED_WAITING = /^cancell?ing (the )?wait for synchronous replication/;

/**
 * The part of a client of `pg` that holds the current query. The query fails with the error that is put here, once the
 * server is done with it.
 */
interface UnderWay {
  _activeQuery?: { _canceledDueToError: unknown } | null;
}

/**
 * If a backend is cancelled while its commit waits for a standby, Postgres reports the commit as successful, with no
 * more than a warning: so far only the primary has it. If the primary is lost now, so is the commit. We treat its
 * outcome as unknown (SQLSTATE 08007), which is answered with 503.
 */
export function refuseUnreplicated(client: ClientBase): void {
  client.on('notice', ({ file, message }) => {
    if (file !== WHERE && !STOPPED_WAITING.test(message ?? '')) return;
    const query = (client as unknown as UnderWay)._activeQuery;
    const error = new Error('Postgres stopped waiting for its standby: whether this is kept is not known.');
    if (query) query._canceledDueToError = Object.assign(error, { code: '08007' });
  });
}
