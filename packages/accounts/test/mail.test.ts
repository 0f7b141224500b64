import { address } from './mail/address.ts';
import { newPassword } from './mail/new-password.ts';
import { scene } from './mail/scene.ts';

scene();
address();
newPassword();
