import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import { reapPendingLinks } from '../../src/combined-registration/pending-link-store.ts';
import { reapAttempts } from '../../src/linking/attempt-store.ts';
import { agreed, consent, deployment, lifestream, linkOf, NOT_LINKED, newsFor, push } from './scene.ts';

/** Grants that lead to no link, and what the owner reads about them. */
export function unusableGrants(): void {
  describe('a grant that is not good', () => {
    test.each<[string, (challenge: string) => string]>([
      ['of another challenge', () => deployment.host.grantHost(challengeOf(createVerifier()))],
      ['of another Host', (challenge) => deployment.second.grantHost(challenge)],
    ])(
      '%s is refused by the Host: the connection stands, and the owner reads why there is no link',
      async (_of, grant) => {
        const own = createVerifier();
        const { owner, redeem } = await agreed(push(own, grant(challengeOf(own))));
        const { accessToken } = await redeem();
        expect(accessToken).toMatch(/^cha_ct_/);
        expect(await linkOf(owner)).toEqual([]);
        expect(await newsFor(owner)).toContain(`Photos ${NOT_LINKED}`);
      },
    );

    test('leads to a token that lives for ever: it is given back', async () => {
      const { owner, redeem } = await agreed();
      deployment.host.script.redeem = (_call, link) => ({ json: { ...link(), expires_in: Number.MAX_SAFE_INTEGER } });
      await redeem();
      expect([await linkOf(owner), deployment.host.revoked.length]).toEqual([[], 1]);
      expect(await newsFor(owner)).toContain(NOT_LINKED);
    });

    test('brought a second time is not sent again: the first link lives on', async () => {
      const owner = await deployment.owner();
      const [verifier, hostGrant] = [createVerifier(), 'hg-repeated'];
      deployment.host.hostGrants.set(hostGrant, challengeOf(verifier));
      for (const expected of [1, 1]) {
        const { path } = await push(verifier, hostGrant);
        const { query } = await consent(owner, path, { host_half: 'link' });
        await lifestream.redeem(query.get('code') ?? '', verifier);
        expect(deployment.host.redemptions).toHaveLength(expected);
      }
      expect(await linkOf(owner)).toMatchObject([{ state: 'active' }]);
      expect(await newsFor(owner)).toContain(NOT_LINKED);
    });
  });

  test('a grant that a process died over is not lost silently: the owner reads that there is no link', async () => {
    const { owner, redeem } = await agreed();
    // as if the process had died after it redeemed the code and before it took the pending link
    const [pending] = await deployment.rows(
      'select * from host_half where connection_id in (select id from connection where owner_id = $1)',
      [owner.id],
    );
    await deployment.rows('delete from host_half where connection_id = $1', [pending?.['connection_id']]);
    await redeem();
    await deployment.rows(
      `insert into host_half (connection_id, host_id, host_grant, created_at)
        values ($1, $2, $3, now() - interval '6 minutes')`,
      [pending?.['connection_id'], pending?.['host_id'], pending?.['host_grant']],
    );
    expect(await newsFor(owner)).not.toContain(NOT_LINKED);
    await reapPendingLinks(deployment);
    expect(await newsFor(owner)).toContain(NOT_LINKED);
  });

  test('a Host that is away for a day is asked no more, and the owner reads that there is no link', async () => {
    const { owner, redeem } = await agreed();
    deployment.host.script.redeem = () => 'reset';
    await redeem();
    expect(await newsFor(owner)).not.toContain(NOT_LINKED);
    await deployment.rows(`update link_attempt set expires_at = now() - interval '25 hours' where owner_id = $1`, [
      owner.id,
    ]);
    await reapAttempts(deployment);
    expect(await newsFor(owner)).toContain(NOT_LINKED);
    await reapAttempts(deployment);
    expect((await newsFor(owner)).split(NOT_LINKED)).toHaveLength(2);
  });
}
