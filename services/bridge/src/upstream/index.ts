export {
  breakAccount,
  findAccount,
  listAccounts,
  listShares,
  removeAccount,
  saveAccount,
  type ServiceAccount,
} from './account-store.ts';
export { bytesOf, callForAccount, callService, type UpstreamRequest } from './call.ts';
export {
  type Credential,
  decryptCredential,
  encryptCredential,
  secretsOf,
} from './credential.ts';
export { type LiveCredential, liveCredential } from './live-credential.ts';
export * as oauth1 from './oauth1.ts';
export * as oauth2 from './oauth2.ts';
export { isReady, oauth1At, oauth2At } from './party.ts';
