import { bruteForce } from './accounts/brute-force.ts';
import { forms } from './accounts/forms.ts';
import { inAndOut } from './accounts/in-and-out.ts';
import { sessions } from './accounts/sessions.ts';
import { scene } from './accounts/scene.ts';

scene();
inAndOut();
sessions();
forms();
bruteForce();
