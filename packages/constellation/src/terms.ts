import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.ts';

/**
 * Which of the AM's terms the reference Requesters sign, and which they decline. The others are undecided.
 */
const DECIDED = {
  TERMS_ACCEPTED: ['no-training/1.0', 'only-for-me/1.0'],
  TERMS_DECLINED: ['delete-after-30-days/1.0'],
};

/** The variables of a Requester with its operator's decisions about the terms of its AM. */
export function termsDecided(am: string): Record<string, string> {
  const listed = Object.entries(DECIDED).map(([variable, names]) => [
    variable,
    names.map((name) => reference(am, name)),
  ]);
  return Object.fromEntries(listed.map(([variable, list]) => [variable, JSON.stringify(list)]));
}

function reference(issuer: string, name: string): { uri: string; digest: string } {
  const octets = readFileSync(path.join(root, 'services/am/terms', `${name.replace('/', '-')}.json`));
  return { uri: `${issuer}/terms/${name}`, digest: createHash('sha256').update(octets).digest('base64url') };
}
