import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FIELDS as am } from '../../services/am/src/config.ts';
import { FIELDS as host } from '../../services/host/src/config.ts';
import { FIELDS as requester } from '../../services/requester/src/config.ts';

interface Field {
  read(text: string): { kind: string; because?: string };
  fallback?: { value: unknown };
}
const SERVICES: Readonly<Record<string, Readonly<Record<string, Field>>>> = { am, host, requester };

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');

interface Documented {
  readonly name: string;
  readonly services: readonly string[];
  /** By service. */
  readonly fallback: (service: string) => string;
  readonly example: (service: string) => string;
}

const bare = (cell: string): string => cell.replaceAll('`', '').trim();

/** A cell that says one thing for all, or `am …, host …`. */
function ofService(cell: string): (service: string) => string {
  const own = new Map(cell.split(',').map((part) => bare(part).split(' ') as [string, string]));
  return (service) => own.get(service) ?? bare(cell);
}

function documented(): Documented[] {
  const table = DOCUMENT.split('<!-- variables -->')[1]?.split('<!-- /variables -->')[0] ?? '';
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, name = '', services = '', fallback = '', example = ''] = line.split(/(?<!\\)\|/);
      return {
        name: bare(name),
        services: bare(services) === 'all' ? Object.keys(SERVICES) : bare(services).split(' '),
        fallback: ofService(fallback),
        example: ofService(example),
      };
    });
}

/** As the table says it: what must be set has a dash alone, what is off or empty a dash and a word. */
function shown(field: Field): RegExp {
  if (field.fallback === undefined) return /^–$/;
  const { value } = field.fallback;
  if (value === null || (Array.isArray(value) && value.length === 0)) return /^– \S/;
  return new RegExp(`^${String(value).replaceAll('.', '\\.')}$`);
}

const ROWS = documented();

describe('the table of variables', () => {
  test.each(Object.entries(SERVICES))('names every variable of the %s, and no other', (service, fields) => {
    const named = ROWS.filter(({ services }) => services.includes(service)).map(({ name }) => name);
    expect(named.toSorted()).toEqual(Object.keys(fields).toSorted());
  });

  test.each(ROWS.map((row) => [row.name, row] as const))(
    '%s has the default that it says, and an example that is read',
    (name, row) => {
      for (const service of row.services) {
        const field = SERVICES[service]?.[name];
        expect([service, row.fallback(service)]).toEqual([
          service,
          expect.stringMatching(field === undefined ? /$^/ : shown(field)),
        ]);
        expect([service, field?.read(row.example(service))]).toEqual([
          service,
          expect.objectContaining({ kind: 'value' }),
        ]);
      }
    },
  );
});
