import type { Answer } from '@chatelaine/test-kit';
import type { Story } from '../support/deployment.ts';
import type { TransferInput } from '../support/requester.ts';
import { ANSWERS, deployment, waiter } from './deployment.ts';

export const DEFERRED = { completion_mode: 'deferred' };
export const SCOPE = 'photos.write';
export const story = waiter;

/** A connection that is not waiting for an answer. */
export const fresh = (): Promise<Story> => deployment.beside(story, ANSWERS);
export const defer = (by: Story, input: Partial<TransferInput> = {}): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: deployment.host.resource,
    scope: SCOPE,
    params: DEFERRED,
    ...input,
  });

export interface Waiting extends Story {
  readonly code: string;
  poll(input?: Parameters<Story['requester']['poll']>[1]): Promise<Answer>;
  answer(given: string): Promise<Answer>;
  /** Ages the deferral, so that the Requester may poll again. */
  passTime(): Promise<unknown>;
}

/** Asks and gets a deferral code; without a story given, over a new connection. */
export async function wait(given?: Story): Promise<Waiting> {
  const by = given ?? (await fresh());
  const { json } = await defer(by);
  const code = String(json['deferral_code']);
  const path = new URL(String(json['interaction_uri'])).pathname;
  return {
    ...by,
    code,
    poll: (input) => by.requester.poll(code, input),
    answer: (given) => by.owner.browser.submit(path, path, { answer: given }),
    passTime: () =>
      deployment.rows('update deferral set next_poll_at = now() where connection_id = $1', [by.connection.id]),
  };
}

export const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
export const minted = ({ requester }: Story) =>
  deployment.host.minted.filter(({ clientId }) => clientId === requester.clientId);
export const PENDING = '400 authorization_pending';
export const INVALID_CODE = '400 invalid_grant';
