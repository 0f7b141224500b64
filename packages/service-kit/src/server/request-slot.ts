import { AsyncLocalStorage } from 'node:async_hooks';
import { OAuthError } from '@chatelaine/protocol';
import { shareOf, type Share, type Waiter, type WaitingLimit } from './waiting-limit.ts';

/**
 * For whom a request is: a program; a person who visits a page; or somebody who reads what we publish, in order to
 * answer us.
 */
export type Kind = 'program' | 'person' | 'published';

/** The slot that one request takes among those that a process works on at once. */
export interface RequestSlot {
  /** Takes a slot; false if there is none. */
  acquire(): boolean;
  /** The answer has been sent, or the client has disconnected. */
  end(): void;
  /** The request has no slot while its body is being received, so that slow senders do not keep others out. */
  releaseWhileReceiving(): void;
  /** Gives the slot back for good. */
  release(): void;
  /**
   * From here on the request waits for another server: it exchanges its slot for one among those that wait. False if
   * there is none.
   */
  exchangeForWaiting(waiter: Waiter): boolean;
  /** The request was answered 503. */
  refused(): void;
  /** The request waits in its own slot. */
  waitInOwnSlot(): void;
  /** Whether it has been decided where the request waits. */
  readonly isWaitDecided: boolean;
  /** Keeps the slot until this work is done, even if the client has disconnected. */
  holdDuring(work: unknown): void;
}

/** All slots of a process. */
export interface Slots {
  readonly waits: WaitingLimit;
  isFull(kind: Kind): boolean;
  add(kind: Kind, change: 1 | -1): void;
  /** Another request was answered 503. */
  refused(): void;
}

export interface SlotInput {
  readonly kind: Kind;
  /** The source against which the request is counted. */
  readonly source: () => string;
}

export function openSlot(slots: Slots, { kind, source }: SlotInput): RequestSlot {
  const state = { ended: false, working: false, released: false, waitsHere: false };
  let held: 'none' | 'own' | Share = 'none';
  // connections and timers that are created meanwhile refer to this slot for as long as they exist, so it must not
  // keep the request, with all its secrets, in memory
  let sourceOf: (() => string) | null = source;
  const giveBack = (): void => {
    if (held === 'own') slots.add(kind, -1);
    else if (held !== 'none') slots.waits.release(held);
    held = 'none';
    if (state.ended) sourceOf = null;
  };
  const take = (): void => {
    if (state.released || held !== 'none') return;
    slots.add(kind, 1);
    held = 'own';
  };
  const workEnded = (): void => {
    state.working = false;
    if (state.ended) giveBack();
  };
  return {
    acquire() {
      if (held !== 'none' || state.ended || state.released) return true;
      if (slots.isFull(kind)) slots.refused();
      else take();
      return held !== 'none';
    },
    end() {
      state.ended = true;
      if (!state.working) giveBack();
    },
    releaseWhileReceiving: giveBack,
    release() {
      state.released = true;
      giveBack();
    },
    refused: slots.refused,
    waitInOwnSlot: () => void (state.waitsHere = true),
    get isWaitDecided() {
      return state.waitsHere || held !== 'own';
    },
    exchangeForWaiting(waiter) {
      // a request without a slot here takes none there either: it has one among others that wait for long, or its
      // client has disconnected
      if (held === 'none' || state.waitsHere) return true;
      const before = held;
      const share = shareOf(waiter, sourceOf?.() ?? '');
      giveBack();
      if (slots.waits.acquire(share)) held = share;
      else if (before === 'own') take();
      else if (slots.waits.acquire(before)) held = before;
      else take();
      return held === share;
    },
    holdDuring(work) {
      if (!(work instanceof Promise)) return;
      state.working = true;
      take();
      work.then(workEnded, workEnded);
    },
  };
}

const current = new AsyncLocalStorage<RequestSlot>();

/** Runs `next`, and all asynchronous work that it starts, in this slot. */
export const withSlot = <T>(slot: RequestSlot, next: () => T): T => current.run(slot, next);

/**
 * From here on this request waits for another server. Call it before anything is used up, written or sent, because it
 * throws 503 if too many requests wait. Has no effect in the background.
 */
export function waitOnOthers(waiter: Waiter = {}): void {
  const slot = current.getStore();
  if (slot === undefined || slot.exchangeForWaiting(waiter)) return;
  slot.refused();
  throw tooMany();
}

/**
 * The same for what must be done in any case, such as ending something: if too many requests wait, it waits in its
 * own slot.
 */
export function waitOnOthersOrHere(waiter: Waiter = {}): void {
  const slot = current.getStore();
  if (slot?.exchangeForWaiting(waiter) === false) slot.waitInOwnSlot();
}

interface Sending {
  readonly fetch?: (...input: never[]) => unknown;
  readonly fetchJson?: (...input: never[]) => unknown;
  readonly post?: (...input: never[]) => unknown;
  readonly stream?: (...input: never[]) => unknown;
}

/**
 * The same client, except that a request which uses it counts as waiting for another server from then on, unless it
 * does already.
 */
export function waitingOnOthers<Outbound extends Sending>(outbound: Outbound): Outbound {
  const { fetch, fetchJson, post, stream } = outbound;
  return {
    ...outbound,
    ...(fetch && { fetch: waitingCall(fetch) }),
    ...(fetchJson && { fetchJson: waitingCall(fetchJson) }),
    ...(post && { post: waitingCall(post) }),
    ...(stream && { stream: waitingCall(stream) }),
  };
}

function waitingCall(call: (...input: never[]) => unknown) {
  return async (...input: never[]): Promise<unknown> => {
    if (current.getStore()?.isWaitDecided === false) waitOnOthers();
    return call(...input);
  };
}

/**
 * Bounds of `Retry-After`, between which it is random, so that requests refused at the same time do not return at the
 * same time.
 */
const RETRY_SECONDS = { least: 1, most: 3 };

export function tooMany(): OAuthError {
  const { least, most } = RETRY_SECONDS;
  return new OAuthError(
    'temporarily_unavailable',
    'Too much is asked of this service right now. Try again in a moment.',
    {
      status: 503,
      retryAfter: least + Math.floor(Math.random() * (most - least + 1)),
    },
  );
}
