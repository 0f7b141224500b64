import { randomBytes } from 'node:crypto';
import type { NewTransferToken, OAuthStorage, ReplayGuard, TokenKey } from '@chatelaine/oauth-server';
import { freshHash, type Relationship } from './relationship.ts';

export const freshTransferGrantId = (): string => randomBytes(16).toString('base64url');

/** Options of a mint; by default it is a good one. */
export interface MintChoices {
  readonly linkToken?: TokenKey;
  readonly clientId?: string;
  readonly transferGrantId?: string;
  readonly guards?: readonly ReplayGuard[];
  readonly token?: Partial<NewTransferToken>;
}

export interface Minted {
  readonly token: TokenKey;
  readonly transferGrantId: string;
  readonly outcome: Awaited<ReturnType<OAuthStorage['mintTransfer']>>;
}

/** Mints under a link, or tries to. */
export async function mint(storage: OAuthStorage, link: Relationship, choices: MintChoices = {}): Promise<Minted> {
  const {
    linkToken = link.accessToken,
    clientId = link.clientId,
    guards = [],
    transferGrantId = freshTransferGrantId(),
  } = choices;
  const token: NewTransferToken = {
    hash: freshHash(),
    lifetimeSeconds: 300,
    scope: ['photos.read'],
    audience: 'https://photos.example/api',
    jkt: 'thumbprint-of-the-requester',
    act: { iss: 'https://am.example', sub: 'https://requester.example/client' },
    actorName: 'Printing shop',
    actorUri: 'https://requester.example/',
    ...choices.token,
  };
  const outcome = await storage.mintTransfer({ linkToken, clientId, transferGrantId, token, guards });
  return { token: { bucket: linkToken.bucket, hash: token.hash }, transferGrantId, outcome };
}
