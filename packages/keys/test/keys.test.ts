import { encryptionKey } from './keys/encryption-key.ts';
import { sessionKeys } from './keys/session-keys.ts';
import { signingKeys } from './keys/signing-keys.ts';
import { scene } from './keys/scene.ts';

scene();
encryptionKey();
sessionKeys();
signingKeys();
