import { sha256base64url } from '@chatelaine/crypto';
import type { ComponentChildren, VNode } from 'preact';
import { usePage } from './context.ts';

/**
 * A part of a page about something that is under way. While it `waits`, a script reloads the page and replaces this
 * part; without scripts people reload it themselves ({@link ByHand}). For pages that are sent by `renderPage`.
 */
export function Live({ id, waits, children }: { id: string; waits: boolean; children: ComponentChildren }): VNode {
  const { scripts } = usePage();
  if (waits) scripts.set(SCRIPT.href, { href: SCRIPT.href, fetches: true });
  return (
    <div id={id} data-live={waits ? 'waits' : undefined} aria-live="polite">
      {children}
    </div>
  );
}

/** A part of a page that may change at any time; updated when the service reports a change. */
export function Listening({ id, children }: { id: string; children: ComponentChildren }): VNode {
  const { scripts, site } = usePage();
  if (site.changes === undefined) return <div id={id}>{children}</div>;
  scripts.set(SCRIPT.href, { href: SCRIPT.href, fetches: true });
  return (
    <div id={id} data-live="listens" aria-live="polite">
      {children}
    </div>
  );
}

/** Inside {@link Live}: shown only if no script runs. */
export function ByHand({ children }: { children: ComponentChildren }): VNode {
  return <p data-by-hand="">{children}</p>;
}

const source = `'use strict';
const FIRST_MS = 1000, LONGEST_MS = 15000, ALONE_MS = 60000, MOST = 300;
const last = new Map();
const pause = (ms) => new Promise((over) => setTimeout(over, ms));
const seen = () => new Promise((visible) => document.addEventListener('visibilitychange', visible, { once: true }));
const hideByHand = () => {
  for (const one of document.querySelectorAll('[data-live=waits] [data-by-hand]')) one.hidden = true;
};
const partsThat = (how) => document.querySelectorAll('[data-live=' + how + ']').length > 0;

// Events of the service. Only a visible page listens, because a browser opens few connections to one service.
const changes = document.body.dataset.changes;
let source = null, rung = false, ring = () => undefined;
const look_again = () => { rung = true; ring(); };
function hear() {
  if (changes === undefined || typeof EventSource === 'undefined' || document.hidden || source !== null) return;
  source = new EventSource(changes);
  source.addEventListener('message', look_again);
  source.addEventListener('error', () => {
    if (source !== null && source.readyState === EventSource.CLOSED) source = null;
  });
}
function hearNothing() {
  if (source !== null) source.close();
  source = null;
}
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return hearNothing();
  hear();
  look_again();
});
addEventListener('pagehide', hearNothing);

/** Resolves when something has changed, or after this time. */
const changedWithin = (ms) => new Promise((over) => {
  ring = over;
  if (rung) over();
  else if (ms !== null) setTimeout(over, ms);
});

async function look() {
  const answer = await fetch(location.href).catch(() => null);
  if (answer === null || answer.status >= 500) return;
  if (!answer.ok || answer.redirected) throw new Error('This page is gone.');
  const now = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const fresh = now.getElementById(part.id);
    if (fresh === null) continue;
    const { live } = fresh.dataset;
    // content that has not changed is not replaced, because screen readers would announce it again
    if (fresh.innerHTML !== last.get(part.id)) {
      last.set(part.id, fresh.innerHTML);
      part.replaceChildren(...fresh.childNodes);
    }
    if (live === undefined) delete part.dataset.live;
    else part.dataset.live = live;
  }
}

/** In milliseconds; null if the service reports changes. */
function untilNext(looked) {
  if (partsThat('waits')) return Math.min(FIRST_MS * 1.2 ** looked, LONGEST_MS);
  return source !== null ? null : ALONE_MS;
}

async function run() {
  for (const part of document.querySelectorAll('[data-live]')) last.set(part.id, part.innerHTML);
  hideByHand();
  hear();
  for (let looked = 0; looked < MOST && document.querySelector('[data-live]') !== null; ) {
    await changedWithin(untilNext(looked));
    if (!rung) looked += 1;
    while (document.hidden) await seen();
    rung = false;
    hear();
    await look();
    hideByHand();
    await pause(FIRST_MS);
  }
}
run().catch(() => undefined).finally(hearNothing);
`;

/** The script sends and stores nothing; it only reloads the live parts of a page. */
export const SCRIPT = {
  source,
  href: `/live.js?v=${sha256base64url(source).slice(0, 12)}`,
} as const;
