import { deriveKey } from '@chatelaine/crypto';
import type { CheckpointKeys } from './deps.ts';

/** The name of the stored secret from which the keys are derived. */
export const CHECKPOINT_KEY = 'activity_checkpoints';

/** Derives the keys from the 32 stored bytes. */
export const checkpointKeysOf = (kept: Uint8Array): CheckpointKeys => ({
  row: deriveKey(kept, 'am/activity/row'),
  checkpoint: deriveKey(kept, 'am/activity/checkpoint'),
  since: deriveKey(kept, 'am/activity/since'),
});
