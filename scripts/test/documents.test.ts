import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from '../workspace.ts';

const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));

test('every link from one document to another, or to a source, leads to a file', () => {
  const dead = documents.flatMap((file) => {
    const text = read(file).replace(/```[^]*?```/g, '');
    const targets = [...text.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)].map(([, target = '']) => target);
    return targets
      .filter((target) => !/^[a-z]+:/.test(target) && !fs.existsSync(path.join(root, path.dirname(file), target)))
      .map((target) => `${file}: ${target}`);
  });
  expect(dead).toEqual([]);
});

test('the README of a package says what it is in fifteen lines, and which packages of ours it imports', () => {
  const wrong = fs.readdirSync(path.join(root, 'packages')).flatMap((name) => {
    const text = read(`packages/${name}/README.md`);
    const sources = fs.globSync(`packages/${name}/src/**/*.{ts,tsx}`, { cwd: root });
    const imported = new Set(
      sources.flatMap((file) =>
        [...read(file).matchAll(/ from '@chatelaine\/([\w-]+)'/g)].map(([, other = '']) => other),
      ),
    );
    const unnamed = [...imported].filter((other) => !new RegExp(`(?<![\\w-])${other}(?![\\w-])`).test(text));
    const lines = text.trimEnd().split('\n').length;
    return [...(lines > 15 ? [`${name}: ${lines} lines`] : []), ...unnamed.map((other) => `${name} imports ${other}`)];
  });
  expect(wrong).toEqual([]);
});

test('what a package exports is seen at once: in less than forty lines', () => {
  const long = fs
    .readdirSync(path.join(root, 'packages'))
    .map((name) => `packages/${name}/src/index.ts`)
    .filter((file) => read(file).trimEnd().split('\n').length >= 40);
  expect(long).toEqual([]);
});

describe('the picture of the AM’s features', () => {
  const SOURCES = 'services/am/src';
  const [, after = ''] = read('docs/architecture.md').split('The features of the AM:');
  const rows = (after.split('```')[1] ?? '')
    .split('\n')
    // their descriptions are in the rest of the line
    .map((line) => line.slice(0, 57).split(/\s+/).filter(Boolean))
    .filter((row) => row.length > 0);
  const rowOf = new Map(rows.flatMap((row, index) => row.map((feature) => [feature, index] as const)));
  const features = fs
    .readdirSync(path.join(root, SOURCES), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'generated' && entry.name !== 'cli')
    .map(({ name }) => name);

  test('has them all', () => {
    expect([...rowOf.keys()].toSorted()).toEqual(features.toSorted());
  });

  test('shows that each imports only from the rows below its own', () => {
    const upwards = features.flatMap((feature) =>
      fs.globSync(`${SOURCES}/${feature}/**/*.{ts,tsx}`, { cwd: root }).flatMap((file) =>
        [...read(file).matchAll(/ from '(\.[^']+)'/g)]
          .map(([, target = '']) => path.relative(SOURCES, path.join(path.dirname(file), target)).split(path.sep))
          .filter(([other = '', ...rest]) => rest.length > 0 && other !== feature && features.includes(other))
          .filter(([other = '']) => (rowOf.get(other) ?? 0) <= (rowOf.get(feature) ?? 0))
          .map(([other]) => `${feature} imports ${other}`),
      ),
    );
    expect([...new Set(upwards)]).toEqual([]);
  });
});
