import type { ClientBase } from 'pg';

// servers speak many languages, and some hide where a message comes from
const WHERE = 'syncrep.c';
const STOPPED_WAITING = /^cancell?ing (the )?wait for synchronous replication/;

/**
 * What `pg` keeps of the statement under way: an error put here is what the statement comes to when the server is done
 * with it.
 */
interface UnderWay {
  _activeQuery?: { _canceledDueToError: unknown } | null;
}

/**
 * Somebody cancels a backend that waits for its standby: Postgres then says "committed" although only it knows of it,
 * with no more than a warning beside that. If it is lost now, so is what it said. For us such a commit is one whose
 * outcome is unknown (SQLSTATE 08007), which is answered 503.
 */
export function refuseUnreplicated(client: ClientBase): void {
  client.on('notice', ({ file, message }) => {
    if (file !== WHERE && !STOPPED_WAITING.test(message ?? '')) return;
    const query = (client as unknown as UnderWay)._activeQuery;
    const error = new Error('Postgres stopped waiting for its standby: whether this is kept is not known.');
    if (query) query._canceledDueToError = Object.assign(error, { code: '08007' });
  });
}
