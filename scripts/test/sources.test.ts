import { describe, expect, test } from '@jest/globals';
import { wrapComments } from '../sources/comments.ts';
import { problemsOf } from '../sources/problems.ts';

const problems = problemsOf;

describe('one way to the database', () => {
  const FEATURE = 'services/am/src/rules/routes.ts';

  test.each([
    ['a query', `const FIND = defineQuery({ name: 'find', text: 'select 1' });`],
    ['SQL on a pool', `await pool.query('select 1');`],
    ["Prisma's model calls", 'const rows = await prisma.rule.findMany();'],
    ['SQL through Prisma', 'await tx.$executeRaw`delete from rule`;'],
  ])('%s outside of a store is refused, with file and line', (_what, line) => {
    expect(problems(FEATURE, `// a line before\n${line}\n`)).toEqual([expect.stringMatching(`^${FEATURE}:2 `)]);
  });

  test('a store has queries and model calls, and no SQL through Prisma', () => {
    const store = 'services/am/src/rules/rules-store.ts';
    expect(problems(store, 'defineQuery({});\nprisma.rule.findMany();\n')).toEqual([]);
    expect(problems(store, 'await prisma.$queryRaw`select 1`;\n')).toHaveLength(1);
  });

  test('tests and measurements may look into the tables', () => {
    expect(problems('services/am/test/rules.test.ts', `await pool.query('select 1');`)).toEqual([]);
  });
});

describe('words that have been replaced', () => {
  const FILE = 'services/am/src/links/host-gate.ts';

  const NAMES = [
    'town',
    'townOf',
    'TOWN_NAME',
    'TestTown',
    'leftAloneUntil',
    'letGo',
    'openWayOut',
    'keepHalf',
    'HALVES',
    'sealedFor',
  ];
  test.each(NAMES)('do not come back as an identifier: %s', (name) => {
    expect(problems(FILE, `export const ${name} = 1;\n`)).toEqual([
      expect.stringMatching(`^${FILE}: ${name} has a word of our own`),
    ]);
  });

  test('nor in the name of a file', () => {
    expect(problems('services/am/test/support/town.ts', 'export {};\n')).toHaveLength(1);
  });

  test('nor as the name of a log event', () => {
    expect(problems(FILE, `log.warn({ event: 'mass_transfer' }, 'many at once');\n`)).toEqual([
      expect.stringMatching(`^${FILE}: mass_transfer has a word of our own`),
    ]);
  });

  test('may stand in sentences, SQL, names on the wire and comments', () => {
    const text = `// the town\nexport const page = <p>It was told.</p>;\nexport const kind = 'host_not_told';\n`;
    expect(problems('services/am/src/links/page.tsx', text)).toEqual([]);
  });

  test('may be what another field calls something, or a name that is in the database', () => {
    expect(problems(FILE, `const row = { half_open: 1, atHalfLoad: 2, host_half: 3, sealed: 4 };\n`)).toEqual([]);
  });

  test('are words, not letters: a downtown and a constructor are none', () => {
    expect(problems(FILE, 'export class Downtown { constructor() {} }\n')).toEqual([]);
  });
});

describe('a source', () => {
  const FILE = 'services/am/src/rules/rule.ts';

  test('has 260 lines at the most', () => {
    expect(problems(FILE, '\n'.repeat(260))).toEqual([]);
    expect(problems(FILE, '\n'.repeat(261))).toHaveLength(1);
  });

  test('has no line of more than 120 columns: code, SQL, a sentence, or the title of a test', () => {
    const words = 'word '.repeat(30).trim();
    const refused = [expect.stringMatching(`^${FILE}:2 has \\d+ columns`)];
    for (const line of [
      `const total = ${words.replaceAll(' ', ' + ')};`,
      `const sentence = '${words}';`,
      `const text = \`select ${words}\`;`,
      `const pattern = /${words}/;`,
      `test('${words}', () => undefined);`,
    ])
      expect(problems(FILE, `\n${line}\n`)).toEqual(refused);
  });

  test('has no comment of more than 120 columns', () => {
    const words = 'word '.repeat(30).trim();
    const refused = [expect.stringMatching('columns'), expect.stringMatching('pnpm format wraps')];
    expect(problems(FILE, `// ${words}\n`)).toEqual(refused);
    expect(problems(FILE, `const quote = /['"\`]/;\n// ${words}\n`)).toEqual(refused);
  });
});

describe('comments are wrapped', () => {
  const words = (count: number): string => Array.from({ length: count }, (_, index) => `word${index}`).join(' ');

  test('without a word lost, a line of code changed, or anything left to wrap', () => {
    const text = `const a = 1; // ${words(30)}\n/** ${words(40)} */\nconst b = \`// ${words(30)}\`;\n`;
    const wrapped = wrapComments(text);
    expect(wrapComments(wrapped)).toBe(wrapped);
    expect(wrapped).toContain(`\nconst a = 1;\n`);
    expect(wrapped).toContain(`const b = \`// ${words(30)}\`;\n`);
    expect(wrapped.split(/[^\w]+/).filter((word) => word.startsWith('word'))).toHaveLength(100);
    const comments = wrapped.split('\n').filter((line) => !line.startsWith('const b'));
    for (const line of comments) expect(line.length <= 120).toBe(true);
  });

  test('and a list keeps its points, a paragraph its end', () => {
    const end = ` *\n * - ${words(3)}\n * @throws ${words(2)}\n */\n`;
    const wrapped = wrapComments(`/**\n * ${words(25)}\n${end}`);
    expect(wrapped.split('\n')).toHaveLength(8);
    expect(wrapped.endsWith(end)).toBe(true);
  });
});
