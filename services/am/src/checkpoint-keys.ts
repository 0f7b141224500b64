import { deriveKey } from '@chatelaine/crypto';
import type { CheckpointKeys } from './deps.ts';

/** What is kept for them, by its name. */
export const CHECKPOINT_KEY = 'activity_checkpoints';

/** Of the 32 bytes that are kept. */
export const checkpointKeysOf = (kept: Uint8Array): CheckpointKeys => ({
  row: deriveKey(kept, 'am/activity/row'),
  checkpoint: deriveKey(kept, 'am/activity/checkpoint'),
  since: deriveKey(kept, 'am/activity/since'),
});
