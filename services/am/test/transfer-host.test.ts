import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { CLEAN_AUDIT } from './support/deployment.ts';
import { eventually } from './support/world.ts';
import { unreachableHosts } from './transfer-host/unreachable.ts';
import { mismatchedAnswers } from './transfer-host/mismatched.ts';
import { hostRefusals } from './transfer-host/refusals.ts';
import { ask, deployment, outcome, story, UNREACHABLE } from './transfer-host/scene.ts';
import { unusableAnswers } from './transfer-host/unusable.ts';

beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

hostRefusals();
unreachableHosts();
unusableAnswers();
mismatchedAnswers();

it('leaves no token without its row, and no row open', async () => {
  await eventually(async () => (await deployment.audit()).open === 0);
  expect(await deployment.audit()).toEqual(CLEAN_AUDIT);
});

it('blames itself for stored tokens of a link that cannot be decrypted: 503, and the link is as it was', async () => {
  const by = await deployment.story({ 'photos.read': 'allow' });
  const stored = await deployment.rows<{ state: string }>('select state from link where id = $1', [by.linkId]);
  // each is encrypted for its own row and column, so neither a swapped token nor that of another link is accepted
  await deployment.rows('update link set access_token = refresh_token where id = $1', [by.linkId]);
  expect(outcome(await ask(by))).toEqual(UNREACHABLE);
  await deployment.rows(
    `update link t set access_token = null, refresh_token = s.refresh_token from link s where t.id = $1 and s.id = $2`,
    [by.linkId, story.linkId],
  );
  expect(outcome(await ask(by))).toEqual(UNREACHABLE);
  expect(deployment.host.hops).toHaveLength(0);
  expect(await deployment.rows('select state from link where id = $1', [by.linkId])).toEqual(stored);
});

it('says 503 of a Host that refuses the connection, and when to come back', async () => {
  await deployment.host.close();
  expect(outcome(await ask())).toEqual(UNREACHABLE);
});
