import { account } from './passkeys/account.ts';
import { recoveryCodes } from './passkeys/recovery-codes.ts';
import { signingIn } from './passkeys/signing-in.ts';
import { signingUp } from './passkeys/signing-up.ts';
import { scene } from './passkeys/scene.ts';

scene();
signingIn();
account();
signingUp();
recoveryCodes();
