import { sha256base64url } from '@chatelaine/crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** A script of ours, and the address it is served at: its hash is in it, so it may be cached for ever. */
export interface Script {
  readonly text: string;
  readonly href: string;
}

/** What a browser runs for passkeys: the library's own bundle, and ours that calls it. */
export function passkeyScript(): Script {
  const library = path.dirname(createRequire(import.meta.url).resolve('@simplewebauthn/browser'));
  const bundle = fs.readFileSync(path.join(library, '..', 'dist', 'bundle', 'index.umd.min.js'), 'utf8');
  const own = fs.readFileSync(path.join(import.meta.dirname, '..', '..', 'browser', 'passkeys.js'), 'utf8');
  const text = `${bundle}\n${own}`;
  return { text, href: `/passkeys.js?v=${sha256base64url(text).slice(0, 12)}` };
}
