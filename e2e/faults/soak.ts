// Breaks a deployment for as long as you like, checks what is left, and adds what it measured to docs/reliability.md:
//   pnpm soak [--minutes N] [--seed N] [--kills N] [--crashes N] [--races N] [--stops N] [--adoptions N]
// The time is split over sessions, each with a fresh deployment and the next seed. A violation ends the soak, which
// prints the seed and exits with 1.

import './pace.ts';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { Measured } from './measure.ts';
import { runSession } from './session.ts';
import { record } from './record.ts';

const SESSION_MINUTES = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    kills: { type: 'string', default: '500' },
    crashes: { type: 'string', default: '50' },
    races: { type: 'string', default: '50000' },
    stops: { type: 'string', default: '200' },
    adoptions: { type: 'string', default: '200' },
  },
});
const number = (name: keyof typeof values): number => {
  const given = Number(values[name]);
  if (!Number.isFinite(given) || given < 0) throw new Error(`--${name} must be a number.`);
  return given;
};

const wanted = {
  kills: number('kills'),
  crashes: number('crashes'),
  races: number('races'),
  stops: number('stops'),
  adoptions: number('adoptions'),
};
const until = performance.now() + number('minutes') * 60_000;
const done = { kills: 0, crashes: 0, races: 0, stops: 0, adoptions: 0 };
let seed = number('seed');

while (
  performance.now() < until &&
  Object.entries(wanted).some(([what, times]) => done[what as keyof typeof done] < times)
) {
  const minutes = Math.min(SESSION_MINUTES, (until - performance.now()) / 60_000);
  console.log(`session with seed ${seed}, ${minutes.toFixed(1)} min`);
  const measured = await runSession({
    seed,
    label: 'soak',
    minutes,
    kills: wanted.kills - done.kills,
    crashes: wanted.crashes - done.crashes,
    races: Math.min(wanted.races - done.races, racesOfASession()),
    stops: Math.min(wanted.stops - done.stops, stopsOfASession(wanted.stops)),
    adoptions: Math.min(wanted.adoptions - done.adoptions, stopsOfASession(wanted.adoptions)),
    tell: (line) => console.log(`  ${line}`),
  });
  report(measured);
  record({ command: `pnpm soak --seed ${seed} ${flags()}`, commit: commit(), measured });
  done.kills += measured.kills;
  done.crashes += measured.crashes;
  done.races += measured.racedRedemptions;
  done.stops += measured.racedStops;
  done.adoptions += measured.racedAdoptions;
  if (measured.violations.length > 0) {
    process.exitCode = 1;
    break;
  }
  seed += 1;
}

/** Limited, so that some of every session is left for breaking things. */
function racesOfASession(): number {
  return wanted.kills + wanted.crashes === 0 ? wanted.races : 10_000;
}

function stopsOfASession(all: number): number {
  return wanted.kills + wanted.crashes === 0 ? all : 50;
}

function flags(): string {
  return (
    `--minutes ${values.minutes} --kills ${values.kills} --crashes ${values.crashes} ` +
    `--races ${values.races} --stops ${values.stops} --adoptions ${values.adoptions}`
  );
}

function commit(): string {
  return execFileSync('git', ['describe', '--always', '--dirty=+'], { encoding: 'utf8' }).trim();
}

function report(measured: Measured): void {
  console.log(JSON.stringify({ ...measured, violations: measured.violations.length }, null, 2));
  for (const violation of measured.violations) console.error(violation);
}
