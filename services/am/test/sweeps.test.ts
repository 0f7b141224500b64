import { afterAll } from '@jest/globals';
import { closeSweeps } from './sweeps/scene.ts';
import { everyForm } from './sweeps/every-form.ts';
import { ownersGuide } from './sweeps/owners-guide.ts';
import { everyInput } from './sweeps/every-input.ts';
import { everyPage } from './sweeps/every-page.ts';
import { everyRoute } from './sweeps/every-route.ts';

// These tests find the routes, the pages and the forms by themselves: what is added later is attacked as well, or the
// test fails that says so.

afterAll(closeSweeps);
everyRoute();
everyPage();
everyForm();
ownersGuide();
everyInput();
