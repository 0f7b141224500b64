import { randomBytes } from 'node:crypto';

const PREFIX = 'acc_';

/**
 * WebAuthn's user handle of an account, base64url: the random bytes of its id, which say nothing about anybody
 * (WebAuthn §14.6.1).
 */
export const userIdOf = (accountId: string): string => accountId.slice(PREFIX.length);

/** The account of a user handle. */
export const accountIdOf = (userId: string): string => `${PREFIX}${userId}`;

/** Of an account that is yet to be made, base64url. */
export const newUserId = (): string => randomBytes(16).toString('base64url');
