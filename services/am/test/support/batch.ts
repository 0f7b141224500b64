import http from 'node:http';
import { createInterface } from 'node:readline';
import type { SigningKey } from '@chatelaine/crypto';
import { NDJSON, type TransferAnswer } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import type { TestDeployment, Owner, Story } from './deployment.ts';
import { exchange } from './requester.ts';
import { gate, type ScriptedHost } from './scripted-host.ts';

export interface Item {
  readonly id: string;
  readonly resource: string;
  readonly scope: string;
  readonly purpose?: string;
}

export interface BatchInput {
  readonly items?: readonly Item[];
  /** Members added to a good body, or replacing its own. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** The body to send as it is. */
  readonly body?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly token?: string;
  readonly key?: SigningKey;
  readonly proofs?: readonly string[];
  readonly port?: number;
}

/** The path, headers and body of a batch call by the story's Requester. */
export async function batchRequest(deployment: TestDeployment, { requester, connection }: Story, input: BatchInput) {
  const token = input.token ?? connection.accessToken;
  const over = { accessToken: token, ...(input.key && { key: input.key }) };
  const proofs = input.proofs ?? [await requester.proof('/transfers', over)];
  const members = { transfers: input.items ?? [], ...(await requester.authentication()), ...input.members };
  const headers: http.OutgoingHttpHeaders = {
    authorization: `DPoP ${token}`,
    'content-type': 'application/json',
    ...(proofs.length === 0 ? {} : { dpop: [...proofs] }),
    ...input.headers,
  };
  const port = input.port ?? deployment.ams[0].port;
  return { port, path: '/transfers', headers, body: input.body ?? JSON.stringify(members) };
}

/** Makes a batch call; resolves when the whole answer has arrived. */
export async function batch(deployment: TestDeployment, story: Story, input: BatchInput): Promise<Answer> {
  const { port, ...sent } = await batchRequest(deployment, story, input);
  return exchange(port, sent);
}

export type Line = TransferAnswer & Readonly<Record<string, unknown>>;

/** The answers in a JSON document. */
export const answersOf = ({ json }: Answer): Line[] => (json['transfers'] ?? []) as Line[];

/** The status and error of each answer, by its id. */
export function outcomesById(answers: readonly Line[]): Record<string, string> {
  return Object.fromEntries(
    answers.map(({ id, status, error }) => [id, typeof error === 'string' ? `${status} ${error}` : String(status)]),
  );
}

export interface Stream {
  readonly response: http.IncomingMessage;
  /** The next line; null when there are no more. */
  next(): Promise<Line | null>;
  rest(): Promise<Line[]>;
}

/** A batch call whose answers arrive as lines. */
export async function streamBatch(deployment: TestDeployment, story: Story, input: BatchInput): Promise<Stream> {
  const { port, path, headers, body } = await batchRequest(deployment, story, {
    ...input,
    headers: { accept: NDJSON, ...input.headers },
  });
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = http.request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false }, resolve);
  request.on('error', reject);
  request.end(body);
  const response = await promise;
  response.on('error', () => {});
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async (): Promise<Line | null> => {
    const { value, done } = await lines.next();
    return done === true ? null : (JSON.parse(value) as Line);
  };
  return {
    response,
    next,
    async rest() {
      const all: Line[] = [];
      for (let line = await next(); line !== null; line = await next()) all.push(line);
      return all;
    },
  };
}

export const ASKED: readonly string[] = ['photos.write', 'albums.read', 'albums.write', 'faces.read'];

/** A connection of this owner to both Hosts: it may read photos at either, and has to ask for the rest at the first. */
export async function callBothHosts(
  deployment: TestDeployment,
  owner: Owner,
  [first, second]: readonly [string, string],
): Promise<Story> {
  const requester = deployment.requester();
  const answers = { 'photos.read': 'allow', ...Object.fromEntries(ASKED.map((scope) => [scope, 'ask'])) } as const;
  const fields = { [`answer:${second}:photos.read`]: 'allow' };
  const connection = await deployment.connect({ owner, requester, linkId: first, answers, fields });
  return { owner, linkId: first, requester, connection };
}

/** Lets a Host issue tokens, and holds back its answers until the gate is opened. */
export function pause(host: ScriptedHost) {
  const paused = gate();
  host.script.transfer = async (_hop, mint) => {
    await paused.opened;
    return { json: mint() };
  };
  return paused;
}

/** The owner stops the story's connection. */
export const stop = ({ owner, connection }: Story) => owner.browser.submit('/apps', `/apps/${connection.id}/stop`);
