import type { ServerResponse } from 'node:http';
import type { Requester } from '../../src/index.ts';
import { connected, startApp } from '../support/app.ts';
import { deploymentForAll, ndjson, type Received, transferAnswer } from '../support/deployment.ts';

export const deployment = await deploymentForAll();
export const BATCH = 'am /transfers';
export const calls = () => deployment.received.filter(({ path }) => path === BATCH);
export const singles = () => deployment.received.filter(({ form }) => form.has('subject_token')).length;

export async function ready() {
  const app = startApp(deployment);
  const ref = await connected(deployment, app.requester);
  const jkt = deployment.received.find(({ form }) => form.has('dpop_jkt'))?.form.get('dpop_jkt') ?? '';
  deployment.received.length = 0;
  const rooms = (count: number, from = 0) => Array.from({ length: count }, (_, index) => room(from + index));
  const room = (index: number) => ({ resource: `${deployment.resource}/${index}`, scope: 'entries.read', room: index });
  return { app, ref, jkt, rooms, requester: app.requester };
}

type Items = Parameters<Requester['transfers']>[0];

export async function all<T extends Items>(requester: Requester, input: T) {
  const seen = [];
  for await (const one of requester.transfers(input)) seen.push(one);
  return seen;
}

export const kinds = (seen: readonly { outcome: { kind: string } }[]) => seen.map(({ outcome }) => outcome.kind);

/** The line with which a good AM answers an item. */
export const lineOf = ({ id, ...item }: { id: string; resource: string; scope: string }, jkt: string): string => {
  const token = transferAnswer(new URLSearchParams(item), jkt, deployment.host);
  return `${JSON.stringify({ id, status: 200, ...token, access_token: `at-${id}` })}\n`;
};

/** Keeps a response open, into which the test writes. */
export function held() {
  const opened = Promise.withResolvers<{ response: ServerResponse; one: Received }>();
  deployment.on[BATCH] = (one) =>
    ndjson((response) => {
      response.flushHeaders();
      opened.resolve({ response, one });
    });
  return opened.promise;
}
