import type { ScopeSet } from '@chatelaine/protocol';
import { askApp } from './ask-app.ts';
import type { HostOptions } from './options.ts';

/** What an owner has to share now, by the app's word. Where it cannot say, no ceiling is told. */
export const shareableNow = (shareable: NonNullable<HostOptions['shareable']>, ownerId: string): Promise<ScopeSet> =>
  askApp(() => shareable(ownerId));
