import type { Child, Usage } from '../child.ts';
import type { Databases } from '../databases.ts';
import { runBlock } from '../load.ts';
import type { Contender } from './contest.ts';
import type { Ours } from './ours.ts';

/** What was counted exactly, per request. */
export interface Counted {
  readonly statements: {
    readonly am: number;
    readonly host: number;
    readonly transfer: number;
    readonly guarded_call: number;
  };
  /** Transactions that were flushed to disk before their outcome was answered. */
  readonly commits: { readonly transfer: number; readonly guarded_call: number };
  /** Bytes after the load, including everything that is still mapped. */
  readonly rss: { readonly am: number; readonly host: number };
}

const COUNTED = 40;

/**
 * Sends requests one after another, so that none shares work with another; a statement that was not sent with every
 * request belongs to something else.
 */
export async function count(databases: Databases, { chain, hosts, transfer, guarded }: Ours): Promise<Counted> {
  const hop = await counting(databases, transfer, [chain.am.child, chain.host.child]);
  const call = await counting(databases, guarded, [hosts]);
  const [am = 0, host = 0] = hop.statements;
  const [guardedCall = 0] = call.statements;
  return {
    statements: { am, host, transfer: am + host, guarded_call: guardedCall },
    commits: { transfer: hop.commits, guarded_call: call.commits },
    rss: { am: (await chain.am.child.memory()).rss, host: (await chain.host.child.memory()).rss },
  };
}

async function counting(
  databases: Databases,
  { port, requests }: Contender,
  processes: readonly Child[],
): Promise<{ statements: readonly number[]; commits: number }> {
  const prepared = await requests(COUNTED);
  const usage = (): Promise<Usage[]> => Promise.all(processes.map((one) => one.usage()));
  const before = await usage();
  const commits = await databases.durableCommits(() => runBlock(port, prepared, 1));
  const after = await usage();
  const statements = after.map((then, index) => perRequest(before[index]?.statements ?? {}, then.statements));
  return { statements, commits: Math.round(commits / COUNTED) };
}

function perRequest(before: Usage['statements'], after: Usage['statements']): number {
  const each = Object.entries(after).map(([name, total]) => Math.round((total - (before[name] ?? 0)) / COUNTED));
  return each.reduce((sum, one) => sum + one, 0);
}
