import type { CommandResult } from '@chatelaine/service-kit';
import type { Config } from '../config.ts';
import { checkConfiguration } from './check-configuration.ts';
import { checkDatabase } from './check-database-store.ts';
import { checkIssuer } from './check-issuer.ts';

const MARKS = { good: '  ok    ', careful: '  !     ', wrong: '  WRONG ' } as const;

/**
 * Checks a deployment from where the AM runs. Changes nothing, except that a key which was configured for the first
 * time gets its number.
 */
export async function doctor(config: Config): Promise<CommandResult> {
  const findings = [
    ...(await checkConfiguration(config)),
    ...(await checkDatabase(config)),
    ...(await checkIssuer(config)),
  ];
  const bad = findings.filter(({ kind }) => kind === 'wrong').length;
  const lines = findings.map(({ kind, says }) => `${MARKS[kind]}${says}`);
  const verdict = bad === 0 ? 'Nothing is wrong.' : `${bad} of ${findings.length} checks found something wrong.`;
  return bad === 0 ? { lines: [...lines, verdict] } : { lines: [...lines, verdict], verdict: 'wrong' };
}
