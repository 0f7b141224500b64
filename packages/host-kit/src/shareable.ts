import type { ScopeSet } from '@chatelaine/protocol';
import { askApp } from './ask-app.ts';
import type { HostOptions } from './options.ts';

/** What an owner has to share now, as the app says. If it cannot say, no ceiling is given. */
export const shareableNow = (shareable: NonNullable<HostOptions['shareable']>, ownerId: string): Promise<ScopeSet> =>
  askApp(() => shareable(ownerId));
