import { wrapComments } from './comments.ts';
import { databaseProblems } from './database.ts';
import { identifiersOf } from './names.ts';
import { COLUMNS } from './tokens.ts';
import { wordProblem } from './words.ts';

/** The rules themselves, which contain what they refuse. */
const RULES = /^scripts\/(sources\/|test\/sources\.test\.ts$)/;

/** The most lines of a source; nine in ten have fewer than 220. */
const MOST_LINES = 260;

/** What is wrong with a source, a line for each, as `file:line what` or `file: what`. */
export function problemsOf(file: string, text: string): string[] {
  return [...databaseProblems(file, text), ...sizeProblems(file, text), ...wordProblems(file, text)];
}

function sizeProblems(file: string, text: string): string[] {
  const problems: string[] = [];
  const lines = text.split('\n').length - 1;
  if (lines > MOST_LINES)
    problems.push(`${file}: has ${lines} lines; ${MOST_LINES} are the most. A noun or a step is missing.`);
  for (const [index, line] of text.split('\n').entries())
    if (line.length > COLUMNS)
      problems.push(`${file}:${index + 1} has ${line.length} columns; ${COLUMNS} are the most.`);
  if (wrapComments(text) !== text) problems.push(`${file}: has comments that pnpm format wraps.`);
  return problems;
}

function wordProblems(file: string, text: string): string[] {
  if (RULES.test(file)) return [];
  const inName = wordProblem(file);
  const names = [...identifiersOf(file, text), ...eventsOf(text)].flatMap((name) => wordProblem(name) ?? []);
  return [...(inName === null ? [] : [inName]), ...names].map((problem) => `${file}: ${problem}`);
}

/** The names of log events, which operators search for. */
const eventsOf = (text: string): string[] => [...text.matchAll(/\bevent: '(\w+)'/g)].map(([, name = '']) => name);
