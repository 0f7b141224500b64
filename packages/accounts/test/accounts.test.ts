import { bruteForce } from './accounts/brute-force.ts';
import { forms } from './accounts/forms.ts';
import { signingInAndOut } from './accounts/signing-in-and-out.ts';
import { sessions } from './accounts/sessions.ts';
import { scene } from './accounts/scene.ts';

scene();
signingInAndOut();
sessions();
forms();
bruteForce();
