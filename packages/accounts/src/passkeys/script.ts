import { sha256base64url } from '@chatelaine/crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** A script and the URL at which it is served. The URL has a hash of it, so it may be cached for ever. */
export interface Script {
  readonly text: string;
  readonly href: string;
}

/** The script for passkeys: the library's own bundle, and our code that calls it. */
export function passkeyScript(): Script {
  const library = path.dirname(createRequire(import.meta.url).resolve('@simplewebauthn/browser'));
  const bundle = fs.readFileSync(path.join(library, '..', 'dist', 'bundle', 'index.umd.min.js'), 'utf8');
  const own = fs.readFileSync(path.join(import.meta.dirname, '..', '..', 'browser', 'passkeys.js'), 'utf8');
  const text = `${bundle}\n${own}`;
  return { text, href: `/passkeys.js?v=${sha256base64url(text).slice(0, 12)}` };
}
