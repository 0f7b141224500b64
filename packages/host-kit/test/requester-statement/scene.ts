import { afterAll, beforeAll, expect } from '@jest/globals';
import { type Answer, type Link } from '@chatelaine/test-kit';
import type { TransferInput } from '../support/test-am.ts';
import { TestRequester } from '../support/test-requester.ts';
import type { TestHost } from '../support/test-host.ts';
import { createWorld, type World } from '../support/world.ts';

export let world: World;
export let feed: TestRequester;

/** A Host that requires the Requester's own statement for writing. */
export let host: TestHost;
export let link: Link;

interface Asked extends Partial<Omit<TransferInput, 'claims'>> {
  /** Changes the AM's claims about the Requester and its key. */
  readonly said?: Readonly<Record<string, unknown>>;
  /** The Requester's own statement; null for none. */
  readonly own?: string | null;
}

/** Hop 2 by an AM that passes on the Requester's statement. */
export async function transfer({ said = {}, own, ...input }: Asked = {}): Promise<Answer> {
  const statement = own === undefined ? await feed.statement(host) : own;
  const passedOn = statement === null ? {} : { requester_statement: statement };
  const claims = { sub: feed.clientId, cnf: { jkt: feed.key.kid }, ...passedOn, ...said };
  return world.am.transfer(host, { link, scope: 'entries.write', ...input, claims });
}

export function expectDenied(answer: Answer): void {
  const { status, json, headers } = answer;
  expect([status, json['error'], json['denied_by'], json['requestable']]).toEqual([
    400,
    'access_denied',
    'host',
    false,
  ]);
  expect(headers['cache-control']).toBe('no-store');
}

export function scene(): void {
  beforeAll(async () => {
    [world, feed] = await Promise.all([createWorld(), TestRequester.start()]);
    host = await world.host({
      options: {
        scopes: {
          'entries.read': 'Read your entries',
          'entries.write': { sentence: 'Add entries for you', requesterStatement: 'required' },
        },
        outboundExceptions: [world.am.port, feed.port].map((port) => ({
          host: port === feed.port ? 'feed.localhost' : 'am.localhost',
          port,
          scheme: 'http',
          cidr: '127.0.0.1/32',
        })),
      },
    });
    link = await world.am.link(host);
  });
  afterAll(() => Promise.all([world.close(), feed.close()]));
}
