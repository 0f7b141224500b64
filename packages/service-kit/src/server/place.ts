import { AsyncLocalStorage } from 'node:async_hooks';
import { OAuthError } from '@chatelaine/protocol';
import { shareOf, type Share, type Waiter, type Waits } from './waits.ts';

/** Who is answered: programs; people at their pages; whoever reads what we publish so that others can answer us. */
export type Kind = 'program' | 'person' | 'published';

/** What one request takes of a process. */
export interface Place {
  /** False when there is none. */
  enter(): boolean;
  /** The answer has left, or whoever asked. */
  end(): void;
  /** While its body is on its way: whoever sends slowly keeps nobody else out. */
  wait(): void;
  /** For good. */
  leave(): void;
  /** It goes on to wait for a server of others: it takes room there instead, to its end. False when there is none. */
  away(waiter: Waiter): boolean;
  /** It was told to come back. */
  refused(): void;
  /** It waits where it is. */
  remain(): void;
  /** Whether it was said where it waits. */
  readonly isSettled: boolean;
  /** As long as it is worked on it has a place, whoever is gone. */
  during(work: unknown): void;
}

export interface Rooms {
  readonly waits: Waits;
  isFull(kind: Kind): boolean;
  add(kind: Kind, change: 1 | -1): void;
  /** Another one was told to come back. */
  refused(): void;
}

export interface PlaceInput {
  readonly kind: Kind;
  /** Whom the request is counted against. */
  readonly source: () => string;
}

export function openPlace(rooms: Rooms, { kind, source }: PlaceInput): Place {
  const state = { ended: false, working: false, left: false, remains: false };
  let inside: 'no' | 'here' | Share = 'no';
  // a connection or a timer that was made meanwhile keeps this place for good: the request, with all its secrets, must
  // not hang on it
  let whose: (() => string) | null = source;
  const goOut = (): void => {
    if (inside === 'here') rooms.add(kind, -1);
    else if (inside !== 'no') rooms.waits.leave(inside);
    inside = 'no';
    if (state.ended) whose = null;
  };
  const stay = (): void => {
    if (state.left || inside !== 'no') return;
    rooms.add(kind, 1);
    inside = 'here';
  };
  const worked = (): void => {
    state.working = false;
    if (state.ended) goOut();
  };
  return {
    enter() {
      if (inside !== 'no' || state.ended || state.left) return true;
      if (rooms.isFull(kind)) rooms.refused();
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
    refused: rooms.refused,
    remain: () => void (state.remains = true),
    get isSettled() {
      return state.remains || inside !== 'here';
    },
    away(waiter) {
      // what has no place here takes none there: it has one among others that wait long, or nobody waits for it any
      // more
      if (inside === 'no' || state.remains) return true;
      const before = inside;
      const share = shareOf(waiter, whose?.() ?? '');
      goOut();
      if (rooms.waits.enter(share)) inside = share;
      else if (before === 'here') stay();
      else if (rooms.waits.enter(before)) inside = before;
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

const current = new AsyncLocalStorage<Place>();

/** Runs `next`, and whatever it sets going, as what this place is for. */
export const inPlace = <T>(place: Place, next: () => T): T => current.run(place, next);

/**
 * What is done for this request waits for a server of others from here on. Call it before anything is spent, written or
 * sent: it throws 503 when there is no room. In the background it does nothing.
 */
export function waitOnOthers(waiter: Waiter = {}): void {
  const place = current.getStore();
  if (place === undefined || place.away(waiter)) return;
  place.refused();
  throw tooMany();
}

/** The same for what must be done whatever there is room for, such as ending something: it waits where it is, then. */
export function waitOnOthersOrHere(waiter: Waiter = {}): void {
  const place = current.getStore();
  if (place?.away(waiter) === false) place.remain();
}

interface Sending {
  readonly fetch?: (...input: never[]) => unknown;
  readonly fetchJson?: (...input: never[]) => unknown;
  readonly post?: (...input: never[]) => unknown;
  readonly stream?: (...input: never[]) => unknown;
}

/** The same client; a request that uses it, and has not said so before, waits on others from then on. */
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

/** So long at least, at most: whoever was refused in the same moment is not to come back in the same moment. */
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
