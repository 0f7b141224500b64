import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A version that the AM's operator adds while the owner uses the previous one. */
const NEWER = {
  id: 'only-for-me',
  version: '1.1',
  title: 'Only to serve me',
  summary: 'We use what we get only for what this person asks of us, and tell them when they ask.',
  purposes: ['https://w3id.org/dpv#RequestedServiceProvision'],
  prohibited: [],
  obliged: [],
};

/** An operator's terms documents, in a directory that is empty at first. */
export function operatorsTerms() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'terms-'));
  const text = `${JSON.stringify(NEWER, null, 2)}\n`;
  return {
    directory,
    /** Adds the newer version; returns the entry with which a Requester's operator lists it. */
    add(am: string): string {
      writeFileSync(path.join(directory, 'only-for-me.json'), text);
      const digest = createHash('sha256').update(text).digest('base64url');
      return JSON.stringify([{ uri: `${am}/terms/${NEWER.id}/${NEWER.version}`, digest }]);
    },
  };
}
