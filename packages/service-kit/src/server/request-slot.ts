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
  /** False if there is none. */
  enter(): boolean;
  /** The answer has been sent, or the client has disconnected. */
  end(): void;
  /** The request has no slot while its body is being received, so that slow senders do not keep others out. */
  wait(): void;
  /** Gives the slot back for good. */
  leave(): void;
  /**
   * From here on the request waits for another server: it exchanges its slot for one among those that wait. False if
   * there is none.
   */
  away(waiter: Waiter): boolean;
  /** The request was answered 503. */
  refused(): void;
  /** The request waits in its own slot. */
  remain(): void;
  /** Whether it has been decided where the request waits. */
  readonly isSettled: boolean;
  /** Keeps the slot until this work is done, even if the client has disconnected. */
  during(work: unknown): void;
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
  const state = { ended: false, working: false, left: false, remains: false };
  let inside: 'no' | 'here' | Share = 'no';
  // connections and timers that are created meanwhile refer to this slot for as long as they exist, so it must not
  // keep the request, with all its secrets, in memory
  let whose: (() => string) | null = source;
  const goOut = (): void => {
    if (inside === 'here') slots.add(kind, -1);
    else if (inside !== 'no') slots.waits.leave(inside);
    inside = 'no';
    if (state.ended) whose = null;
  };
  const stay = (): void => {
    if (state.left || inside !== 'no') return;
    slots.add(kind, 1);
    inside = 'here';
  };
  const worked = (): void => {
    state.working = false;
    if (state.ended) goOut();
  };
  return {
    enter() {
      if (inside !== 'no' || state.ended || state.left) return true;
      if (slots.isFull(kind)) slots.refused();
      else stay();
      return inside !== 'no';
    },
    end() {
      state.ended = true;
      if (!state.working) goOut();
    },
    wait: goOut,
    leave() {
      state.left = true;
      goOut();
    },
    refused: slots.refused,
    remain: () => void (state.remains = true),
    get isSettled() {
      return state.remains || inside !== 'here';
    },
    away(waiter) {
      // a request without a slot here takes none there either: it has one among others that wait for long, or its
      // client has disconnected
      if (inside === 'no' || state.remains) return true;
      const before = inside;
      const share = shareOf(waiter, whose?.() ?? '');
      goOut();
      if (slots.waits.enter(share)) inside = share;
      else if (before === 'here') stay();
      else if (slots.waits.enter(before)) inside = before;
      else stay();
      return inside === share;
    },
    during(work) {
      if (!(work instanceof Promise)) return;
      state.working = true;
      stay();
      work.then(worked, worked);
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
  if (slot === undefined || slot.away(waiter)) return;
  slot.refused();
  throw tooMany();
}

/**
 * The same for what must be done in any case, such as ending something: if too many requests wait, it waits in its
 * own slot.
 */
export function waitOnOthersOrHere(waiter: Waiter = {}): void {
  const slot = current.getStore();
  if (slot?.away(waiter) === false) slot.remain();
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
    if (current.getStore()?.isSettled === false) waitOnOthers();
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
