import { deadlineIn } from '@chatelaine/outbound-http';
import type { Deps } from '../deps.ts';
import { entriesUrl, WRITE } from './entries.ts';
import type { Meant } from './destinations.ts';
import type { Source } from './sources.ts';
import { atMost, inTime } from './together.ts';
import { NOT_SENT, PERHAPS_POSTED, type Trouble, troubleOf, troubleOfStatus } from './trouble.ts';

/** The result at one Host. */
export interface Posted {
  readonly source: Source;
  /** `perhaps`: it was sent, and no answer came. */
  readonly state: 'posted' | 'not_posted' | 'perhaps';
  readonly trouble: Trouble | null;
}

/** The most seconds that posting takes in all. */
const POST_SECONDS = 12;
/** How many Hosts are posted to at a time. */
const POSTS = 8;

interface Job {
  readonly source: Source;
  readonly resource: string;
  readonly scope: string;
  readonly result: PromiseWithResolvers<Posted>;
  /** Whether the entry may have been sent. */
  sent: boolean;
}

interface Round {
  readonly requester: Deps['requester'];
  readonly owner: string;
  readonly text: string;
  readonly signal: AbortSignal;
  readonly inLine: ReturnType<typeof atMost>;
}

export interface PostInput {
  readonly owner: string;
  readonly text: string;
  readonly destinations: readonly Meant[];
}

/**
 * Posts the same text to all destinations, with one batch call for each connection. A failure at one does not affect
 * the others.
 */
export async function postEverywhere(
  { requester }: Pick<Deps, 'requester'>,
  { owner, text, destinations }: PostInput,
): Promise<Posted[]> {
  const signal = deadlineIn(POST_SECONDS);
  const round: Round = { requester, owner, text, signal, inLine: atMost(POSTS) };
  const jobs = destinations.map(jobOf);
  const all = Promise.all(jobs.map(({ result }) => result.promise));
  for (const connectionId of new Set(destinations.map((destination) => destination.connectionId)))
    void postOver(round, { connectionId, jobs: jobs.filter(({ source }) => source.connectionId === connectionId) });
  const inside = await inTime(all, POST_SECONDS, null);
  if (inside !== null) return inside;
  for (const job of jobs) giveUp(job);
  return all;
}

function jobOf({ trouble, ...source }: Meant): Job {
  const result = Promise.withResolvers<Posted>();
  if (trouble !== null) result.resolve({ source, state: 'not_posted', trouble });
  return { source, resource: source.resource, scope: WRITE, result, sent: trouble !== null };
}

function settle({ source, result }: Job, state: Posted['state'], trouble: Trouble | null): void {
  result.resolve({ source, state, trouble });
}

function giveUp(job: Job): void {
  const { name } = job.source;
  if (job.sent) settle(job, 'perhaps', PERHAPS_POSTED(name));
  else settle(job, 'not_posted', NOT_SENT(name));
}

/** Never rejects: a failure fails its jobs. */
async function postOver(
  round: Round,
  { connectionId, jobs }: { connectionId: string; jobs: readonly Job[] },
): Promise<void> {
  const { requester, owner, signal, inLine } = round;
  const items = jobs.filter(({ sent }) => !sent);
  try {
    for await (const { item, outcome } of requester.transfers({ owner, connectionId, items, signal })) {
      const { name: host, am } = item.source;
      if (outcome.kind === 'token') inLine(() => postTo(round, item)).catch(item.result.reject);
      else settle(item, 'not_posted', troubleOf(outcome, { host, am, doing: 'post' }));
    }
  } catch (error) {
    for (const job of jobs) {
      if (signal.aborted) giveUp(job);
      else job.result.reject(error);
    }
  }
}

async function postTo({ requester, owner, text, signal }: Round, job: Job): Promise<void> {
  const { connectionId, resource, name: host, am } = job.source;
  if (signal.aborted) return giveUp(job);
  job.sent = true;
  const outcome = await requester.fetch({ owner, connectionId, resource, scope: WRITE }, entriesUrl(resource), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  const parties = { host, am, doing: 'post' } as const;
  if (outcome.kind === 'response') {
    const { status } = outcome.response;
    if (status === 200 || status === 201) return settle(job, 'posted', null);
    if (status < 500 || status === 503) return settle(job, 'not_posted', troubleOfStatus(status, parties));
    return settle(job, 'perhaps', PERHAPS_POSTED(host));
  }
  // there was a token, so it is the call to the Host that got no usable answer
  const odd = outcome.kind === 'try_later' || outcome.kind === 'unusable';
  if (odd && outcome.at === 'host') return settle(job, 'perhaps', PERHAPS_POSTED(host));
  settle(job, 'not_posted', troubleOf(outcome, parties));
}
