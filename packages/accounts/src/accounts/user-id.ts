import { randomBytes } from 'node:crypto';

const PREFIX = 'acc_';

/**
 * The WebAuthn user handle of an account, base64url: the random part of its id, which holds nothing personal (WebAuthn
 * §14.6.1).
 */
export const userIdOf = (accountId: string): string => accountId.slice(PREFIX.length);

/** The account id of a user handle. */
export const accountIdOf = (userId: string): string => `${PREFIX}${userId}`;

/** The user handle for an account that does not exist yet, base64url. */
export const newUserId = (): string => randomBytes(16).toString('base64url');
