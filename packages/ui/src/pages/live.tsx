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
const FIRST_MS = 1000, LONGEST_MS = 15000, WITHOUT_EVENTS_MS = 60000, MAX_REFRESHES = 300;
const last = new Map();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const becomesVisible = () =>
  new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
const hideByHand = () => {
  for (const one of document.querySelectorAll('[data-live=waits] [data-by-hand]')) one.hidden = true;
};
const hasParts = (state) => document.querySelectorAll('[data-live=' + state + ']').length > 0;

// Events of the service. Only a visible page listens, because a browser opens few connections to one service.
const changes = document.body.dataset.changes;
let events = null, changed = false, onChange = () => undefined;
const reportChange = () => { changed = true; onChange(); };
function openEvents() {
  if (changes === undefined || typeof EventSource === 'undefined' || document.hidden || events !== null) return;
  events = new EventSource(changes);
  events.addEventListener('message', reportChange);
  events.addEventListener('error', () => {
    if (events !== null && events.readyState === EventSource.CLOSED) events = null;
  });
}
function closeEvents() {
  if (events !== null) events.close();
  events = null;
}
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return closeEvents();
  openEvents();
  reportChange();
});
addEventListener('pagehide', closeEvents);

/** Resolves when something has changed, or after this time. */
const changeWithin = (ms) => new Promise((resolve) => {
  onChange = resolve;
  if (changed) resolve();
  else if (ms !== null) setTimeout(resolve, ms);
});

async function refresh() {
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
function untilNext(refreshes) {
  if (hasParts('waits')) return Math.min(FIRST_MS * 1.2 ** refreshes, LONGEST_MS);
  return events !== null ? null : WITHOUT_EVENTS_MS;
}

async function run() {
  for (const part of document.querySelectorAll('[data-live]')) last.set(part.id, part.innerHTML);
  hideByHand();
  openEvents();
  for (let refreshes = 0; refreshes < MAX_REFRESHES && document.querySelector('[data-live]') !== null; ) {
    await changeWithin(untilNext(refreshes));
    if (!changed) refreshes += 1;
    while (document.hidden) await becomesVisible();
    changed = false;
    openEvents();
    await refresh();
    hideByHand();
    await sleep(FIRST_MS);
  }
}
run().catch(() => undefined).finally(closeEvents);
`;

/** The script sends and stores nothing; it only reloads the live parts of a page. */
export const SCRIPT = {
  source,
  href: `/live.js?v=${sha256base64url(source).slice(0, 12)}`,
} as const;
