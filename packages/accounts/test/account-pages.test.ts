import { newPassword } from './account-pages/new-password.ts';
import { signedIn } from './account-pages/signed-in.ts';
import { scene } from './account-pages/scene.ts';

scene();
signedIn();
newPassword();
