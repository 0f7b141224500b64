import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256base64url } from '@chatelaine/crypto';
import { LIMIT, parseJson, type TermsDocument, termsDocumentSchema } from '@chatelaine/protocol';
import type { Deps, ServedTerms, Terms } from '../deps.ts';
import { keepDocuments, readDocuments } from './document-store.ts';

/** The documents that ship with the AM. */
const OWN = path.join(import.meta.dirname, '..', '..', 'terms');

/**
 * Reads the documents that ship with the AM and those of the operator, and stores them: a document that was served once
 * is served with the same octets for good, even if its file is gone.
 *
 * @throws Error with a sentence for the operator: a file is no terms document, or its text changed without a new
 * version
 */
export async function openTerms({
  config,
  pool,
}: {
  config: Pick<Deps['config'], 'issuer' | 'termsDirectory'>;
  pool: Deps['pool'];
}): Promise<Terms> {
  const directories = config.termsDirectory === null ? [OWN] : [OWN, config.termsDirectory];
  const files = (await Promise.all(directories.map(readFiles))).flat();
  const given = files.map(({ file, octets }) => served(config.issuer, readTerms(file, octets)));
  const names = new Set(given.map(({ name }) => name));
  if (names.size < given.length) throw new Error('Two files are terms documents of the same id and version.');
  const changed = await keepDocuments(pool, given);
  if (changed.length > 0)
    throw new Error(
      `The text of ${changed.join(', ')} is another than was served before. ` +
        'Give it a new version: what somebody signed must stay what it was.',
    );
  const known = new Map(given.map((one) => [one.name, one]));
  const roster = newestOf(given);
  return {
    roster,
    async find(name) {
      const found = known.get(name);
      if (found !== undefined) return found;
      const [stored] = await readDocuments(pool, [name]);
      if (stored === undefined) return null;
      const one = served(config.issuer, readTerms(name, Buffer.from(stored.text)));
      known.set(name, one);
      return one;
    },
    newerThan(name) {
      const [id = '', version = ''] = name.split('/');
      const newest = roster.find(({ document }) => document.id === id);
      return newest !== undefined && compare(newest.document.version, version) > 0 ? newest : null;
    },
  };
}

async function readFiles(directory: string): Promise<{ file: string; octets: Buffer }[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(names.map(async (name) => ({ file: name, octets: await readFile(path.join(directory, name)) })));
}

/** Reads one document. */
function readTerms(file: string, octets: Buffer): { document: TermsDocument; octets: Buffer } {
  if (octets.length > LIMIT.termsBytes) throw new Error(`${file} is larger than ${LIMIT.termsBytes} bytes.`);
  const json = parseJson(octets);
  if (json.kind === 'malformed') throw new Error(`${file} is no terms document: ${json.reason}`);
  const read = termsDocumentSchema.safeParse(json.value);
  if (!read.success) {
    const where = read.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; ');
    throw new Error(`${file} is no terms document: ${where}`);
  }
  return { document: read.data, octets };
}

function served(issuer: string, { document, octets }: { document: TermsDocument; octets: Buffer }): ServedTerms {
  const name = `${document.id}/${document.version}`;
  const uri = termsUri(issuer, name);
  if (uri.length > LIMIT.termsUriChars) throw new Error(`The address ${uri} is too long to be signed.`);
  const digest = sha256base64url(octets);
  return { name, reference: { uri, digest }, octets, document };
}

/** What people call it: “No training 1.0”. */
export const titleOf = ({ document }: Pick<ServedTerms, 'document'>): string => `${document.title} ${document.version}`;

/** The URI of a document. */
export const termsUri = (issuer: string, name: string): string => `${issuer}/terms/${name}`;

function newestOf(given: readonly ServedTerms[]): ServedTerms[] {
  const byId = Map.groupBy(given, ({ document }) => document.id).values();
  return [...byId]
    .flatMap((versions) => versions.toSorted((a, b) => compare(b.document.version, a.document.version)).slice(0, 1))
    .toSorted((a, b) => a.document.title.localeCompare(b.document.title));
}

function compare(a: string, b: string): number {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [
    a.split('.').map(Number),
    b.split('.').map(Number),
  ];
  return major - otherMajor || minor - otherMinor;
}
