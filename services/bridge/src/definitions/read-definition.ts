import { isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { type DefinitionFile, definitionSchema, factsOf } from './definition.ts';
import { matchRequest } from './match.ts';
import { lineOf, overlap, parseRequestLine, type RequestRule } from './request-rule.ts';
import type { Service } from './service.ts';

export type ReadDefinition =
  | { readonly kind: 'service'; readonly service: Service }
  /** A sentence for each, with file and line. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

const ID = /^[a-z][a-z0-9-]{0,30}$/;
type Path = readonly (string | number)[];

/**
 * Reads a definition: checks its schema, its rules and its own examples. `name` is the file's, for messages and,
 * without `.yaml`, as the service's id.
 */
export function readDefinition(name: string, text: string): ReadDefinition {
  const id = name.replace(/^.*\//, '').replace(/\.yaml$/, '');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const at = (path: Path, sentence: string): string => `${name}:${lineIn(document, lines, path)}: ${sentence}`;
  if (document.errors.length > 0)
    return wrong(
      document.errors.map(({ message, pos }) => `${name}:${lines.linePos(pos[0]).line}: ${firstLine(message)}`),
    );
  if (!ID.test(id)) return wrong([`${name}:1: a definition is named after its service, like github.yaml`]);
  let value: unknown;
  try {
    // no aliases: a reader finds every value where it is used
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return wrong([`${name}:1: a definition has no aliases`]);
  }
  const parsed = definitionSchema.safeParse(value);
  if (!parsed.success) return wrong(parsed.error.issues.map((issue) => at(pathOf(issue), sentenceOf(issue))));
  const problems: string[] = factsWithoutSource(parsed.data).map((fact) =>
    at(['sources'], `no source is about "${fact}": name one, or list it under unconfirmed`),
  );
  if (sendsSecretsInClear(parsed.data))
    problems.push(at(['oauth', 'signature_method'], 'PLAINTEXT sends both secrets: every address has to be https'));
  const rules = rulesOf(id, parsed.data, (path, sentence) => void problems.push(at(path, sentence)));
  if (problems.length === 0)
    tryExamples(id, { file: parsed.data, rules, tell: (path, sentence) => void problems.push(at(path, sentence)) });
  if (problems.length > 0) return wrong(problems);
  const { scopes, ...rest } = parsed.data;
  return {
    kind: 'service',
    service: {
      ...rest,
      id,
      rules,
      scopes: Object.entries(scopes).map(([scope, { sentence, needs }]) => ({
        scope: `${id}:${scope}`,
        sentence: `${rest.title}: ${sentence}`,
        needs,
        access: accessOf(rules.filter((rule) => rule.scope === `${id}:${scope}`)),
      })),
    },
  };
}

const accessOf = (rules: readonly RequestRule[]): 'read' | 'write' =>
  rules.every(({ method }) => method === 'GET' || method === 'HEAD') ? 'read' : 'write';

function factsWithoutSource(file: DefinitionFile): string[] {
  const named = new Set<string>([...file.sources.flatMap(({ about }) => about), ...file.unconfirmed]);
  return factsOf(file).filter((fact) => !named.has(fact));
}

/** RFC 5849 §3.4.4: PLAINTEXT needs a protected channel. */
function sendsSecretsInClear({ oauth, origin }: DefinitionFile): boolean {
  if (oauth.version === '2.0' || oauth.signature_method !== 'PLAINTEXT') return false;
  const { temporary_credentials_endpoint: temporary, token_endpoint: token } = oauth;
  return [origin, temporary, token].some((address) => !address.startsWith('https://'));
}

type Tell = (path: Path, sentence: string) => void;

function rulesOf(id: string, { scopes }: DefinitionFile, tell: Tell): RequestRule[] {
  const rules: RequestRule[] = [];
  for (const [name, { requests }] of Object.entries(scopes)) {
    for (const [index, { request, query, body = null }] of requests.entries()) {
      const path: Path = ['scopes', name, 'requests', index, 'request'];
      const parsed = parseRequestLine(request);
      if (parsed === null) {
        tell(path, 'a request is a method and a path, with whole segments as {captures}');
        continue;
      }
      const rule = { ...parsed, scope: `${id}:${name}`, query: new Set(query), body };
      const other = rules.find((known) => overlap(known, rule));
      if (other !== undefined) tell(path, `it cannot be told from ${lineOf(other)} of ${other.scope}`);
      if (body !== null && (rule.method === 'GET' || rule.method === 'HEAD')) tell(path, 'a GET has no body');
      rules.push(rule);
    }
  }
  return rules;
}

/**
 * A definition brings its own proof: requests that must be allowed by the scope they are listed under, and requests
 * that must not.
 */
function tryExamples(
  id: string,
  { file, rules, tell }: { file: DefinitionFile; rules: readonly RequestRule[]; tell: Tell },
): void {
  for (const [name, { passes, refuses }] of Object.entries(file.scopes)) {
    const covers = (line: string): boolean => {
      const [method = '', target = ''] = line.split(' ');
      const matched = matchRequest(rules, method, target);
      return matched.kind === 'covered' && matched.rule.scope === `${id}:${name}`;
    };
    for (const [index, line] of passes.entries())
      if (!covers(line)) tell(['scopes', name, 'passes', index], `"${line}" should pass, and does not`);
    for (const [index, line] of refuses.entries())
      if (covers(line)) tell(['scopes', name, 'refuses', index], `"${line}" should be refused, and passes`);
  }
}

/** The line where the value at `path` begins, or its nearest parent. */
function lineIn(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = isScalar(node) || hasRange(node) ? node.range : null;
    if (range) return lines.linePos(range[0]).line;
  }
  return 1;
}

const hasRange = (node: unknown): node is { range: [number, number, number] | null } =>
  typeof node === 'object' && node !== null && 'range' in node;

const pathOf = ({ path }: z.core.$ZodIssue): Path =>
  path.filter((part): part is string | number => typeof part !== 'symbol');

function sentenceOf(issue: z.core.$ZodIssue): string {
  const where = pathOf(issue).join('.');
  return where === '' ? issue.message : `${where}: ${issue.message}`;
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
const wrong = (problems: readonly string[]): ReadDefinition => ({ kind: 'wrong', problems });
