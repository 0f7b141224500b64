export type { ApiOperation } from '@chatelaine/protocol';
export { migrationsDir } from '@chatelaine/oauth-server-pg';
export type { LinkAccess, RequesterAccess } from './access.ts';
export type { LinkConsentView, ProblemView } from './consent/view.ts';
export type { Access } from './guard/guard.ts';
export type { GuardHook } from './guard/hook.ts';
export type { Denied, HostOptions, HostOwner, TransferAttempt } from './options.ts';
export type { HostManager } from './resources.ts';
export { type Chatelaine, chatelaineHost } from './plugin.ts';
