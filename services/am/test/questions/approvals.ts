import { requestTransfer } from '@chatelaine/oauth-client';
import { createOutbound } from '@chatelaine/outbound-http';
import { type Answer, eventually, freePort } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import type { Story } from '../support/deployment.ts';
import type { Reply } from '../support/host-script.ts';
import { gate } from '../support/scripted-host.ts';
import { answer, ask, errorOf, fresh, pathOf } from './asking.ts';
import { deployment } from './deployment.ts';
import { minted, wait } from './waiting.ts';

const SCOPE = 'photos.write';
const ASKED_AGAIN = '400 interaction_required';
const lastOf = async ({ connection }: Story) => (await deployment.transfers(connection)).at(-1);
/** Resolves when the last transfer has this state and error. */
const closedAs = (by: Story, state: string, error: string) =>
  eventually(async () => {
    const last = await lastOf(by);
    return last?.state === state && last.error === error;
  });

async function allowedOnce(): Promise<Story> {
  const by = await fresh();
  await answer(by.owner.browser, pathOf(await ask(by)), 'once');
  return by;
}

/** Resolves when the request has ended without an answer. */
const unanswered = (asked: Promise<Answer>): Promise<void> =>
  asked.then(
    ({ status }) => Promise.reject(new Error(`It was answered: ${status}.`)),
    () => undefined,
  );

/** Sends a transfer request that the test can abort. */
function abortableTransfer(by: Story, port?: number) {
  const going = new AbortController();
  const { connection, requester } = by;
  const asked = requester.transfer({
    connection,
    resource: deployment.host.resource,
    scope: SCOPE,
    signal: going.signal,
    ...(port !== undefined && { port }),
  });
  const left = unanswered(asked);
  return { left, leave: () => going.abort(), until: (holds: Promise<void>) => Promise.race([holds, left]) };
}

/** Holds back the Host's answer until the gate is opened. */
function slow() {
  const held = gate();
  deployment.host.script.transfer = async (_hop, mint): Promise<Reply> => held.opened.then(() => ({ json: mint() }));
  return held;
}

/**
 * PROTOCOL §3.7: one approval yields one token, and no second question follows a transfer that certainly yielded none.
 */
export function approvals(): void {
  describe('what the owner allowed once', () => {
    it('is as good as before when the Requester left before anything was sent to the Host', async () => {
      const by = await allowedOnce();
      const held = gate();
      deployment.host.script.refresh = async (_call, renew) => held.opened.then(() => ({ json: renew() }));
      await deployment.rows(`update link set access_expires_at = now() where id = $1`, [by.linkId]);
      const { left, leave, until } = abortableTransfer(by);
      await until(deployment.host.until(() => deployment.host.refreshes.length > 0));
      leave();
      await left;
      await closedAs(by, 'failed', 'gone');
      expect(deployment.host.hops).toEqual([]);
      held.open();
      expect((await ask(by)).status).toBe(200);
      expect(errorOf(await ask(by))).toBe(ASKED_AGAIN);
      expect(minted(by)).toHaveLength(1);
    });

    it('is as good as before when the Host said that it could not, and its ten minutes go on', async () => {
      const by = await allowedOnce();
      const replies: Reply[] = [503, 429].map((status) => ({ status, json: { error: 'temporarily_unavailable' } }));
      replies.push({ status: 400, json: { error: 'invalid_request' } });
      const errors: string[] = [];
      for (const reply of replies) {
        deployment.host.script.transfer = () => reply;
        errors.push(errorOf(await ask(by)));
      }
      expect(errors).toEqual(['503 temporarily_unavailable', '503 temporarily_unavailable', '502 server_error']);
      deployment.host.reset();
      await deployment.rows(`update ask set expires_at = now() where connection_id = $1`, [by.connection.id]);
      expect(errorOf(await ask(by))).toBe(ASKED_AGAIN);
    });

    it('is used when the Requester left while the Host was at work: it may have minted', async () => {
      const by = await allowedOnce();
      const held = slow();
      const { left, leave, until } = abortableTransfer(by);
      await until(deployment.host.until(() => deployment.host.hops.length > 0));
      leave();
      await left;
      await closedAs(by, 'failed', 'gone');
      held.open();
      expect(errorOf(await ask(by))).toBe(ASKED_AGAIN);
      await eventually(() => minted(by).length === 1);
    });

    it('is used when the Host minted for a Requester that had left: nobody gets that token', async () => {
      const by = await allowedOnce();
      const [answered, closed] = [gate(), gate()];
      const am = await deployment.another({
        failpoint: async (name) => {
          if (name !== 'transfer.answered') return;
          answered.open();
          await closed.opened;
        },
      });
      am.app.server.on('request', (_request, response) => response.once('close', closed.open));
      const { left, leave, until } = abortableTransfer(by, am.port);
      await until(answered.opened);
      leave();
      await left;
      await closedAs(by, 'withheld', 'gone');
      expect(errorOf(await ask(by))).toBe(ASKED_AGAIN);
      expect(minted(by)).toHaveLength(1);
    });

    it('is used when nobody can tell: no answer, or one that somebody in between may have given', async () => {
      const lost: [Reply, string][] = [
        ['reset', '503 temporarily_unavailable'],
        [{ status: 502, json: { error: 'temporarily_unavailable' } }, '502 server_error'],
        [{ status: 500, body: 'Oops' }, '502 server_error'],
      ];
      for (const [reply, expected] of lost) {
        const by = await allowedOnce();
        deployment.host.script.transfer = () => reply;
        expect(errorOf(await ask(by))).toBe(expected);
        deployment.host.reset();
        expect(errorOf(await ask(by))).toBe(ASKED_AGAIN);
      }
    });

    it('is in doubt only from when there was a connection', async () => {
      const port = await freePort();
      const exceptions = [{ host: 'gone.localhost', port, scheme: 'http', cidr: '127.0.0.1/32' }] as const;
      const outbound = createOutbound({ exceptions, demo: true });
      const clock = { now: () => Date.now() / 1000 };
      const input = { subjectToken: 'token', resource: 'resource', scope: SCOPE, actorToken: 'statement' };
      const client = { clientId: 'client', authentication: { kind: 'none' } } as const;
      try {
        for (const issuer of [`http://gone.localhost:${port}`, 'http://elsewhere.localhost']) {
          const hop = { deadline: Infinity, signal: undefined, sent: false };
          const server = { issuer, token_endpoint: `${issuer}/token` };
          const answer = await requestTransfer({ outbound, clock }, { ...input, server, client }, hop);
          expect([answer.kind, hop.sent]).toEqual(['unreachable', false]);
        }
      } finally {
        await outbound.close();
      }
    });
  });

  describe('a poll whose Requester left', () => {
    const disconnectDuringMint = async (given: string) => {
      const waiting = await wait();
      await waiting.answer(given);
      const held = slow();
      const going = new AbortController();
      const left = unanswered(waiting.poll({ signal: going.signal }));
      await Promise.race([deployment.host.until(() => deployment.host.hops.length > 0), left]);
      going.abort();
      await left;
      await closedAs(waiting, 'failed', 'gone');
      held.open();
      // the poll itself ends only after its transfer
      await eventually(async () => {
        const [row] = await deployment.rows<{ free: boolean }>(
          'select attempt_id is null as free from deferral where connection_id = $1',
          [waiting.connection.id],
        );
        return row?.free;
      });
      deployment.host.reset();
      await waiting.passTime();
      return waiting;
    };
    const statusOf = async (answered: Promise<Answer>) => {
      const { status, json } = await answered;
      return [status, json['error']];
    };

    it('is not the last one where a rule allows it', async () => {
      expect(await statusOf((await disconnectDuringMint('always')).poll())).toEqual([200, undefined]);
    });

    it('used what was allowed once, when the Host was at work', async () => {
      expect(await statusOf((await disconnectDuringMint('once')).poll())).toEqual([400, 'expired_token']);
    });
  });
}
