import { challengeOf } from '@chatelaine/crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/world.ts';
import { agreed, deployment, linkOf, NOT_LINKED, newsFor } from './scene.ts';

/** Hosts that do not answer in time. */
export function slowHosts(): void {
  describe('a Host that does not answer in time', () => {
    // an AM that resumes unfinished links
    beforeAll(() => deployment.another({ recovery: { everySeconds: 1, resumeLinksAfterSeconds: 1 } }));

    test('keeps nobody from the connection, and no link is lost: the grant is sent until it is settled', async () => {
      const { owner, redeem } = await agreed();
      deployment.host.script.redeem = () => 'reset';
      await redeem();
      expect(await linkOf(owner)).toEqual([]);
      const open = () =>
        deployment.rows('select 1 from link_attempt where owner_id = $1 and resume_at is not null', [owner.id]);
      expect(await open()).toHaveLength(1);
      await deployment.rows(`update link_attempt set resume_at = now() where owner_id = $1`, [owner.id]);
      // the Host received the code the first time, so it now refuses it and revokes what it had issued
      await eventually(async () => (await open()).length === 0);
      expect(deployment.host.redemptions).toHaveLength(2);
      expect(await linkOf(owner)).toEqual([]);
      expect(await newsFor(owner)).toContain(NOT_LINKED);
    });

    test('and answers after the owner has stopped everything makes no link: it is given back', async () => {
      const { owner, verifier, hostGrant, redeem } = await agreed();
      deployment.host.script.redeem = () => 'reset';
      await redeem();
      await owner.browser.submit('/apps', '/stop-everything');
      deployment.host.script.redeem = (_call, link) => ({ json: link() });
      deployment.host.hostGrants.set(hostGrant, challengeOf(verifier));
      const given = deployment.host.revoked.length;
      await deployment.rows(`update link_attempt set resume_at = now() where owner_id = $1`, [owner.id]);
      await eventually(async () => deployment.host.revoked.length > given);
      expect(await linkOf(owner)).toEqual([]);
      expect(await newsFor(owner)).not.toContain(NOT_LINKED);
    });
  });
}
