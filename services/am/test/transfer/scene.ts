import { expect } from '@jest/globals';
import type { Answer } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from '../support/deployment.ts';
import type { TransferInput } from '../support/requester.ts';

// one deployment for all of these tests, since starting it takes longer than most of them
// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build();
export const story = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'allow' });
/** Another owner, with a link and a connection of their own. */
export const stranger = await deployment.story({ 'photos.read': 'allow' });
export const ANSWERS = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
/** A story whose owner stops connections in many tests. */
export const stoppable = await deployment.story(ANSWERS);

export const ask = (over: Partial<TransferInput> = {}, by: Story = story) =>
  by.requester.transfer({
    connection: by.connection,
    resource: deployment.host.resource,
    scope: 'photos.read',
    ...over,
  });
export const bodyOf = ({ status, json }: Answer) => ({ status, ...json });
export const BAD_TOKEN = {
  status: 400,
  error: 'invalid_request',
  error_description: 'The subject_token or actor_token is not acceptable.',
};

/** Expects a refusal before the Host was asked. */
export async function refused(answer: Promise<Answer>, error: string): Promise<Answer> {
  const seen = await answer;
  expect({ status: seen.status, error: seen.json['error'] }).toEqual({
    status: error === 'invalid_client' ? 401 : 400,
    error,
  });
  expect(seen.headers['cache-control']).toBe('no-store');
  expect(deployment.host.hops).toEqual([]);
  return seen;
}
