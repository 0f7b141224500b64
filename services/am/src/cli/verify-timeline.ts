import { readFile } from 'node:fs/promises';
import { findKeptKey, openVault } from '@chatelaine/keys';
import type { Pool } from '@chatelaine/postgres';
import { type CommandResult, UsageError } from '@chatelaine/service-kit';
import { readChainOwners } from '../checkpoints/chain-store.ts';
import { CHECKPOINT_KEY, checkpointKeysOf } from '../checkpoint-keys.ts';
import { type Stream, STREAMS } from '../checkpoints/codes.ts';
import { type Known, verifyChain, type VerifyDeps, type Verified } from '../checkpoints/verify-chain.ts';
import type { Config } from '../config.ts';
import { VAULT_LABEL } from '../resources.ts';
import { ENCRYPTED_COLUMNS } from '../encrypted-columns.ts';

export interface VerifyTimeline {
  /** Null: all owners. */
  readonly owner: string | null;
  /** A file of exported activity, CSV or JSON. */
  readonly export: string | null;
}

/**
 * Compares the stored activity of owners with its checkpoints, and names everything that was changed.
 *
 * @throws UsageError when the export cannot be read, or no owner has this name
 */
export async function verifyTimeline(
  { pool, config }: { pool: Pool; config: Config },
  { owner, export: file }: VerifyTimeline,
): Promise<CommandResult> {
  if (file !== null && owner === null) throw new UsageError('Say whose export it is, with --owner NAME.');
  const known = file === null ? [] : knownIn(await read(file));
  const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
  const kept = await findKeptKey({ pool, vault }, CHECKPOINT_KEY);
  if (kept === null) return { lines: ['There are no checkpoints yet: the AM makes them while it runs.'] };
  const deps: VerifyDeps = { pool, checkpointKeys: checkpointKeysOf(kept) };
  const lines: string[] = [];
  let [owners, faults] = [0, 0];
  for await (const { id: ownerId, name } of readChainOwners({ pool }, owner)) {
    owners += 1;
    for (const stream of STREAMS) {
      const verified = await verifyChain(deps, {
        ownerId,
        stream,
        known: known.filter((one) => one.stream === stream),
      });
      lines.push(`${name}: ${summary(stream, verified)}`, ...verified.faults.map((fault) => `  WRONG ${fault}`));
      faults += verified.faults.length;
    }
  }
  if (owner !== null && owners === 0) throw new UsageError(`Nobody is called ${owner}.`);
  const verdict = faults === 0 ? 'Everything is as it was.' : `${faults} things are not as they were.`;
  return faults === 0 ? { lines: [...lines, verdict] } : { lines: [...lines, verdict], verdict: 'wrong' };
}

const WHAT: Readonly<Record<Stream, string>> = { entry: 'what happened', asked: 'keys that were asked for' };

function summary(stream: Stream, { checkpoints, good, last, open }: Verified): string {
  const newer = open === 0 ? '' : `; ${open} newer ones are in no checkpoint yet`;
  if (last === null) return `${WHAT[stream]}: no checkpoint yet${open === 0 ? '' : `, and ${open} rows`}.`;
  return (
    `${WHAT[stream]}: ${good} rows are as ${checkpoints} checkpoints say, ` +
    `up to ${last.lastAt.toISOString()}${newer}.`
  );
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
}

/** Finds the checkpoints in an export by their notation, in either format. */
function knownIn(text: string): Known[] {
  const known = [...text.matchAll(/\bcheckpoint:(entry|asked):([0-9]{1,9}):([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/g)];
  if (known.length === 0) throw new UsageError('There is no checkpoint in that export.');
  return known.map(([, stream = '', number, mac = '']) => ({ stream: stream as Stream, number: Number(number), mac }));
}
